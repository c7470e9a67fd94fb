#define MS_CLASS "RTC::KeyFrameBuffer"
// #define MS_LOG_DEV_LEVEL 3

#include "RTC/KeyFrameBuffer.hpp"
#include "Logger.hpp"
#include "RTC/SeqManager.hpp"
#include <algorithm>

namespace
{
	// What follows the key frame is sent in one go, and may have to pass a narrow way before any sound does: this is what a
	// way of 600 kbit/s takes in half a second.
	constexpr size_t MaxFollowingBytes{ 40000 };
	// A key frame of 300 KB. Larger ones are waited for, as they come.
	constexpr size_t MaxPackets{ 256 };
} // namespace

namespace RTC
{
	void KeyFrameBuffer::Add(RTC::RTP::Packet* packet, RTC::RTP::SharedPacket& sharedPacket, int64_t nowMs)
	{
		MS_TRACE();

		auto it = std::ranges::find(this->streams, packet->GetSsrc(), &Stream::ssrc);
		const bool isKnown = it != this->streams.end();

		// A codec may mark several packets of one key frame.
		if (packet->IsKeyFrame() && (!isKnown || it->packets.empty() ||
		      static_cast<int32_t>(packet->GetTimestamp() - it->timestamp) > 0))
		{
			if (!isKnown)
			{
				it = this->streams.insert(this->streams.end(), Stream{ .ssrc = packet->GetSsrc() });
			}

			it->timestamp      = packet->GetTimestamp();
			it->firstSeq       = packet->GetSequenceNumber();
			it->beganAtMs      = nowMs;
			it->followingBytes = 0;
			it->packets.clear();
		}
		else if (!isKnown || it->packets.empty())
		{
			return;
		}
		// It came late, and belongs to what was before.
		else if (RTC::SeqManager<uint16_t>::IsSeqLowerThan(packet->GetSequenceNumber(), it->firstSeq))
		{
			return;
		}
		else if (packet->GetTimestamp() != it->timestamp)
		{
			it->followingBytes += packet->GetPayloadLength();
		}

		if (
		  nowMs - it->beganAtMs > MaxAgeMs || it->packets.size() == MaxPackets ||
		  it->followingBytes > MaxFollowingBytes)
		{
			it->packets.clear();

			return;
		}

		if (!sharedPacket.HasPacket())
		{
			sharedPacket.Assign(packet);
		}

		it->packets.push_back(sharedPacket);
	}

	void KeyFrameBuffer::Clear()
	{
		MS_TRACE();

		this->streams.clear();
	}

	std::vector<RTC::RTP::SharedPacket> KeyFrameBuffer::Get(
	  uint32_t ssrc, int64_t maxAgeMs, int64_t nowMs) const
	{
		MS_TRACE();

		const auto it = std::ranges::find(this->streams, ssrc, &Stream::ssrc);

		if (it == this->streams.end() || nowMs - it->beganAtMs > maxAgeMs)
		{
			return {};
		}

		return it->packets;
	}
} // namespace RTC
