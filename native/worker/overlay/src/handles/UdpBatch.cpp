#define MS_CLASS "UdpBatch"
// #define MS_LOG_DEV_LEVEL 3

#include "handles/UdpBatch.hpp"
#include "Logger.hpp"
#include "handles/UdpSocketHandle.hpp"
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <cstring>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace
{
	// As many as 100 receivers get of a video frame of five packets. More would delay the first ones for too long: the
	// worker spends one to two microseconds on each before it leaves.
	constexpr size_t MaxDatagrams{ 512 };
	// Larger ones are rare (DTLS handshakes aside, media keeps below the path's MTU) and leave alone.
	constexpr size_t MaxDatagramLen{ 1472 };
	// Linux takes 64 segments since 4.18, of 65507 bytes in all.
	constexpr size_t MaxSegments{ 44 };
	constexpr size_t TableSize{ MaxDatagrams * 4 };
	constexpr uint16_t None{ 0xFFFF };

	union Address
	{
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};

	struct Datagram
	{
		UdpSocketHandle* socket;
		UdpBatch::onSendCallback* cb;
		Address addr;
		uint16_t len;
		// The next one to the same receiver.
		uint16_t next;
	};

	/** All that goes from one socket to one receiver. */
	struct Flow
	{
		uint16_t first;
		uint16_t last;
	};

	struct Message
	{
		uint16_t first;
		uint16_t count;
	};

	struct Control
	{
		alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
	};

	struct Batch
	{
		alignas(64) uint8_t stores[MaxDatagrams][MaxDatagramLen];
		Datagram datagrams[MaxDatagrams];
		Flow flows[MaxDatagrams];
		uint16_t table[TableSize];
		struct iovec iovs[MaxDatagrams];
		struct mmsghdr headers[MaxDatagrams];
		Control controls[MaxDatagrams];
		Message messages[MaxDatagrams];
		size_t count{ 0 };
		bool sending{ false };
		// Whether the kernel cuts a buffer into datagrams; unknown before there was a socket to ask with.
		bool asked{ false };
		bool segments{ false };
		uv_prepare_t* prepare{ nullptr };
		uv_check_t* check{ nullptr };
	};

	thread_local Batch* batch{ nullptr };

	socklen_t lengthOf(const Address& addr)
	{
		return addr.any.sa_family == AF_INET ? sizeof addr.v4 : sizeof addr.v6;
	}

	bool sameFlow(const Datagram& a, const Datagram& b)
	{
		if (a.socket != b.socket || a.addr.any.sa_family != b.addr.any.sa_family)
		{
			return false;
		}

		if (a.addr.any.sa_family == AF_INET)
		{
			return a.addr.v4.sin_port == b.addr.v4.sin_port &&
			       a.addr.v4.sin_addr.s_addr == b.addr.v4.sin_addr.s_addr;
		}

		return a.addr.v6.sin6_port == b.addr.v6.sin6_port &&
		       a.addr.v6.sin6_scope_id == b.addr.v6.sin6_scope_id &&
		       std::memcmp(&a.addr.v6.sin6_addr, &b.addr.v6.sin6_addr, sizeof a.addr.v6.sin6_addr) == 0;
	}

	size_t hashOf(const Address& addr)
	{
		uint32_t ip;
		uint16_t port;

		if (addr.any.sa_family == AF_INET)
		{
			ip   = addr.v4.sin_addr.s_addr;
			port = addr.v4.sin_port;
		}
		else
		{
			// The last four bytes tell hosts of one network apart.
			std::memcpy(&ip, addr.v6.sin6_addr.s6_addr + 12, sizeof ip);
			port = addr.v6.sin6_port;
		}

		return (((static_cast<uint64_t>(ip) << 16) ^ port) * 0x9E3779B97F4A7C15ULL) >> 32;
	}

	/** Threads datagrams on their flows, in the order in which flows began; returns how many there are. */
	size_t sortIntoFlows(Batch& its)
	{
		size_t flows{ 0 };

		std::memset(its.table, 0xFF, sizeof its.table);

		for (size_t i{ 0 }; i < its.count; ++i)
		{
			auto& datagram = its.datagrams[i];
			size_t at      = hashOf(datagram.addr) % TableSize;

			while (its.table[at] != None && !sameFlow(its.datagrams[its.flows[its.table[at]].first], datagram))
			{
				at = (at + 1) % TableSize;
			}

			datagram.next = None;

			if (its.table[at] == None)
			{
				its.table[at] = static_cast<uint16_t>(flows);
				its.flows[flows++] = { static_cast<uint16_t>(i), static_cast<uint16_t>(i) };
			}
			else
			{
				auto& flow                   = its.flows[its.table[at]];
				its.datagrams[flow.last].next = static_cast<uint16_t>(i);
				flow.last                    = static_cast<uint16_t>(i);
			}
		}

		return flows;
	}

	/**
	 * Writes the next message of a flow from `first` on, whose buffers are `iovs`: datagrams of one length, the last of
	 * which may be shorter. Returns the datagram that the message after it begins with.
	 */
	uint16_t writeMessage(Batch& its, uint16_t first, size_t at, struct iovec* iovs)
	{
		auto& [header, unused] = its.headers[at];
		auto& head             = its.datagrams[first];
		size_t count{ 0 };
		uint16_t i = first;
		bool open{ true };

		while (open && i != None && count < MaxSegments && its.datagrams[i].len <= head.len)
		{
			iovs[count++] = { its.stores[i], its.datagrams[i].len };
			open          = its.segments && its.datagrams[i].len == head.len;
			i             = its.datagrams[i].next;
		}

		its.messages[at]   = { first, static_cast<uint16_t>(count) };
		header             = {};
		header.msg_name    = &head.addr;
		header.msg_namelen = lengthOf(head.addr);
		header.msg_iov     = iovs;
		header.msg_iovlen  = count;

		if (count > 1)
		{
			header.msg_control    = its.controls[at].bytes;
			header.msg_controllen = sizeof its.controls[at].bytes;

			auto* control       = CMSG_FIRSTHDR(&header);
			control->cmsg_level = IPPROTO_UDP;
			control->cmsg_type  = UDP_SEGMENT;
			control->cmsg_len   = CMSG_LEN(sizeof head.len);
			std::memcpy(CMSG_DATA(control), &head.len, sizeof head.len);
		}

		return i;
	}

	/** Hands the datagrams of a message to libuv, one by one: it keeps what the kernel does not take now. */
	void sendAlone(Batch& its, const Message& message)
	{
		uint16_t i = message.first;

		for (size_t n{ 0 }; n < message.count; ++n)
		{
			const auto& datagram = its.datagrams[i];

			datagram.socket->SendNow(its.stores[i], datagram.len, &datagram.addr.any, datagram.cb);
			i = datagram.next;
		}
	}

	void sent(Batch& its, const Message& message)
	{
		uint16_t i = message.first;

		for (size_t n{ 0 }; n < message.count; ++n)
		{
			const auto& datagram = its.datagrams[i];

			datagram.socket->Sent(datagram.len, datagram.cb);
			i = datagram.next;
		}
	}

	void sendMessages(Batch& its, UdpSocketHandle* socket, size_t count)
	{
		size_t at{ 0 };

		// What libuv still has to send goes first.
		while (at < count && !socket->IsQueueing())
		{
			const int taken =
			  sendmmsg(socket->GetFd(), its.headers + at, static_cast<unsigned int>(count - at), MSG_DONTWAIT);

			if (taken > 0)
			{
				for (const size_t end = at + taken; at < end; ++at)
				{
					sent(its, its.messages[at]);
				}

				continue;
			}

			if (errno == EINTR)
			{
				continue;
			}

			if (errno == EIO && its.messages[at].count > 1)
			{
				// This way out cannot do it (UDP without checksums in hardware, IPsec): it will not be asked again.
				MS_DEBUG_TAG(info, "UDP segmentation is not available: datagrams leave one by one");

				its.segments = false;
			}

			// Most errors are of one receiver (its MTU, its route), and a full buffer is for libuv to wait for.
			sendAlone(its, its.messages[at++]);
		}

		for (; at < count; ++at)
		{
			sendAlone(its, its.messages[at]);
		}
	}

	/** Sends the datagrams of one socket, and takes its flows out. */
	void sendFlowsOf(Batch& its, UdpSocketHandle* socket, size_t flows)
	{
		size_t messages{ 0 };
		size_t iovs{ 0 };

		for (size_t i{ 0 }; i < flows; ++i)
		{
			uint16_t first = its.flows[i].first;

			if (first == None || its.datagrams[first].socket != socket)
			{
				continue;
			}

			its.flows[i].first = None;

			while (first != None)
			{
				first = writeMessage(its, first, messages, its.iovs + iovs);
				iovs += its.messages[messages++].count;
			}
		}

		sendMessages(its, socket, messages);
	}

	void askKernel(Batch& its, const UdpSocketHandle* socket)
	{
		int value{ 0 };
		socklen_t len = sizeof value;

		its.asked    = true;
		its.segments = getsockopt(socket->GetFd(), IPPROTO_UDP, UDP_SEGMENT, &value, &len) == 0;
	}

	template<typename Handle>
	Handle* startHook(uv_loop_t* loop, int (*init)(uv_loop_t*, Handle*), int (*start)(Handle*, void (*)(Handle*)))
	{
		auto* handle = new Handle;

		init(loop, handle);
		start(handle, [](Handle*) { UdpBatch::Flush(); });
		// The loop ends when nothing else is left.
		uv_unref(reinterpret_cast<uv_handle_t*>(handle));

		return handle;
	}

	template<typename Handle>
	void closeHook(Handle* handle)
	{
		uv_close(
		  reinterpret_cast<uv_handle_t*>(handle),
		  [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
	}
} // namespace

void UdpBatch::ClassInit(uv_loop_t* loop)
{
	batch = new Batch;
	// After timers and before the loop waits, and after what has come was read: between them nothing is left over.
	batch->prepare = startHook<uv_prepare_t>(loop, uv_prepare_init, uv_prepare_start);
	batch->check   = startHook<uv_check_t>(loop, uv_check_init, uv_check_start);
}

void UdpBatch::ClassDestroy()
{
	Flush();
	closeHook(batch->prepare);
	closeHook(batch->check);
	delete batch;
	batch = nullptr;
}

bool UdpBatch::Add(
  UdpSocketHandle* socket, const uint8_t* data, size_t len, const struct sockaddr* addr, onSendCallback* cb)
{
	// While a batch is leaving, somebody who is told so may send.
	if (!batch || batch->sending)
	{
		return false;
	}

	if (len > MaxDatagramLen || (addr->sa_family != AF_INET && addr->sa_family != AF_INET6))
	{
		Flush();

		return false;
	}

	auto& its      = *batch;
	auto& datagram = its.datagrams[its.count];

	std::memcpy(its.stores[its.count], data, len);
	datagram.socket = socket;
	datagram.cb     = cb;
	datagram.len    = static_cast<uint16_t>(len);
	std::memcpy(
	  &datagram.addr, addr, addr->sa_family == AF_INET ? sizeof datagram.addr.v4 : sizeof datagram.addr.v6);

	if (++its.count == MaxDatagrams)
	{
		Flush();
	}

	return true;
}

void UdpBatch::Flush()
{
	if (!batch || batch->count == 0 || batch->sending)
	{
		return;
	}

	auto& its   = *batch;
	its.sending = true;

	if (!its.asked)
	{
		askKernel(its, its.datagrams[0].socket);
	}

	const size_t flows = sortIntoFlows(its);

	for (size_t i{ 0 }; i < flows; ++i)
	{
		if (its.flows[i].first != None)
		{
			sendFlowsOf(its, its.datagrams[its.flows[i].first].socket, flows);
		}
	}

	its.count   = 0;
	its.sending = false;
}
