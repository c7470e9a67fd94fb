// Protects and unprotects a packet through the shim in each of mediasoup's four profiles, with libsrtp's own ciphers on
// one side and OpenSSL's on the other, and with OpenSSL's on both.
// The exit status says which step failed: profile * 10 + step, see below; 50 more for each turn.
#include "openssl-ciphers.cpp"

#include <arpa/inet.h>

namespace
{
constexpr size_t PacketLen{ 40 };
constexpr uint32_t Ssrc{ 0x01020304 };

const srtp_profile_t Profiles[] = {
	srtp_profile_aes128_cm_sha1_80,
	srtp_profile_aes128_cm_sha1_32,
	srtp_profile_aead_aes_128_gcm,
	srtp_profile_aead_aes_256_gcm,
};

srtp_err_status_t createSession(srtp_t* session, srtp_profile_t profile, srtp_ssrc_type_t direction)
{
	uint8_t key[SRTP_MAX_KEY_LEN];
	for (size_t i{ 0 }; i < sizeof key; ++i)
		key[i] = static_cast<uint8_t>(i);

	const size_t keyLen  = srtp_profile_get_master_key_length(profile);
	const size_t saltLen = srtp_profile_get_master_salt_length(profile);
	srtp_ssrc_t ssrc{};
	ssrc.type = direction;

	srtp_policy_t policy{ nullptr };
	srtp_err_status_t err = srtp_policy_create(&policy);
	if (!err) err = srtp_policy_set_ssrc(policy, ssrc);
	if (!err) err = srtp_policy_set_profile(policy, profile);
	if (!err) err = srtp_policy_add_key(policy, key, keyLen, key + keyLen, saltLen, nullptr, 0);
	if (!err) err = srtp_policy_set_allow_repeat_tx(policy, true);
	if (!err) err = srtp_policy_set_window_size(policy, 1024);
	if (!err) err = srtp_create(session, policy);
	srtp_policy_destroy(policy);
	return err;
}

using Protect   = srtp_err_status_t (*)(srtp_t, const uint8_t*, size_t, uint8_t*, size_t*, size_t);
using Unprotect = srtp_err_status_t (*)(srtp_t, const uint8_t*, size_t, uint8_t*, size_t*);

// 0, or the step that failed: 1 protect, 2 it changed and grew, 3 unprotect in place, 4 same bytes back, 5 forgery refused.
int roundTrip(srtp_t sender, srtp_t receiver, const uint8_t* plain, Protect protect, Unprotect unprotect)
{
	alignas(4) uint8_t wire[512];
	size_t len = sizeof wire;
	if (protect(sender, plain, PacketLen, wire, &len, 0)) return 1;
	if (len <= PacketLen || !std::memcmp(wire + 12, plain + 12, PacketLen - 12)) return 2;

	alignas(4) uint8_t forged[512];
	std::memcpy(forged, wire, len);
	forged[PacketLen - 1] ^= 1;
	size_t forgedLen = len;
	if (unprotect(receiver, forged, forgedLen, forged, &forgedLen) != srtp_err_status_auth_fail) return 5;

	size_t back = len;
	if (unprotect(receiver, wire, len, wire, &back)) return 3;
	if (back != PacketLen || std::memcmp(wire, plain, PacketLen)) return 4;
	return 0;
}
} // namespace

namespace
{
// A profile's sessions of one implementation.
struct Side
{
	srtp_t sender{ nullptr };
	srtp_t receiver{ nullptr };
};

bool createSide(Side& side, srtp_profile_t profile)
{
	return !createSession(&side.sender, profile, ssrc_any_outbound) &&
	       !createSession(&side.receiver, profile, ssrc_any_inbound);
}
} // namespace

int main()
{
	alignas(4) uint8_t rtp[PacketLen]{ 0x80, 96, 0, 1, 0, 0, 0, 1 };
	alignas(4) uint8_t rtcp[PacketLen]{ 0x80, 200, 0, PacketLen / 4 - 1 };
	const uint32_t ssrc = htonl(Ssrc);
	std::memcpy(rtp + 8, &ssrc, sizeof ssrc);
	std::memcpy(rtcp + 4, &ssrc, sizeof ssrc);

	constexpr size_t Count{ sizeof Profiles / sizeof *Profiles };
	Side theirs[Count];
	Side ours[Count];
	if (srtp_init_v2()) return 1;
	for (size_t i{ 0 }; i < Count; ++i)
		if (!createSide(theirs[i], Profiles[i])) return 2;
	if (srtp_use_openssl()) return 3;
	for (size_t i{ 0 }; i < Count; ++i)
		if (!createSide(ours[i], Profiles[i])) return 4;

	for (size_t i{ 0 }; i < Count; ++i)
	{
		const struct
		{
			srtp_t sender;
			srtp_t receiver;
		} turns[]{
			{ theirs[i].sender, ours[i].receiver },
			{ ours[i].sender, theirs[i].receiver },
		};
		int base = 10 * static_cast<int>(i + 1);
		for (const auto& [sender, receiver] : turns)
		{
			if (const int step = roundTrip(sender, receiver, rtp, srtp_protect, srtp_unprotect)) return base + step;
			if (roundTrip(sender, receiver, rtcp, srtp_protect_rtcp, srtp_unprotect_rtcp)) return base + 6;
			if (srtp_stream_remove(receiver, ssrc)) return base + 7;
			srtp_dealloc(sender);
			srtp_dealloc(receiver);
			base += 50;
		}
	}
	return srtp_shutdown() ? 5 : 0;
}
