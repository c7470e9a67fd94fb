#ifndef MS_UDP_BATCH_HPP
#define MS_UDP_BATCH_HPP

#include "common.hpp"
#include <uv.h>
#include <functional>

class UdpSocketHandle;

/**
 * The datagrams that a thread sends in one turn of its loop, which leave together before it waits again: one system
 * call for many of them (sendmmsg(2)), and one pass through the kernel's UDP stack for those of the same length to the
 * same receiver (UDP_SEGMENT, udp(7)). What goes to one receiver keeps its order.
 */
class UdpBatch
{
public:
	using onSendCallback = const std::function<void(bool sent)>;

	/** Once in a thread, before its first datagram. */
	static void ClassInit(uv_loop_t* loop);
	/** Sends what is left. The handles are closed when the loop has run once more. */
	static void ClassDestroy();

	/**
	 * Takes a datagram, or says that it has to be sent without a batch, and then what was to leave before it has left.
	 * `cb` is called when it is handed to the kernel.
	 */
	static bool Add(
	  UdpSocketHandle* socket, const uint8_t* data, size_t len, const struct sockaddr* addr, onSendCallback* cb);
	/** Sends all datagrams, those of a socket for instance before it is closed. */
	static void Flush();
};

#endif
