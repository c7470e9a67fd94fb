#ifndef MS_RTC_KEY_FRAME_BUFFER_HPP
#define MS_RTC_KEY_FRAME_BUFFER_HPP

#include "common.hpp"
#include "RTC/RTP/Packet.hpp"
#include "RTC/RTP/SharedPacket.hpp"
#include <vector>

namespace RTC
{
	/**
	 * The newest key frame of each stream of a Producer and what has come since, for as long as that is little and recent:
	 * a Consumer that has sent nothing yet can begin with it, instead of waiting for the sender's next key frame.
	 */
	class KeyFrameBuffer
	{
	public:
		/** How long a key frame is worth beginning with, in ms. It is the interval at which Sluice has senders asked for one. */
		static constexpr int64_t MaxAgeMs{ 500 };

	public:
		/** Call it with each packet that is forwarded, in the order of their arrival; packets are cloned where they are not yet. */
		void Add(RTC::RTP::Packet* packet, RTC::RTP::SharedPacket& sharedPacket, int64_t nowMs);
		/** Call it when packets are missing from now on. */
		void Clear();
		/** Where a key frame of the stream is at hand and no older than maxAgeMs: it, and all that has come since. */
		std::vector<RTC::RTP::SharedPacket> Get(uint32_t ssrc, int64_t maxAgeMs, int64_t nowMs) const;

	private:
		struct Stream
		{
			uint32_t ssrc;
			uint32_t timestamp;
			uint16_t firstSeq;
			int64_t beganAtMs;
			// Of what is not the key frame's.
			size_t followingBytes;
			std::vector<RTC::RTP::SharedPacket> packets;
		};

	private:
		// As many as there are layers.
		std::vector<Stream> streams;
	};
} // namespace RTC

#endif
