// The part of libsrtp 3's API that mediasoup calls, over libsrtp 2. What it does not call is not here.
//
// Version 3 builds a policy behind an opaque pointer and reads from one buffer into another; version 2 fills a
// struct and works in place. Calls whose C types differ are C++ overloads of version 2's functions.
#pragma once

// Both versions have an `srtp_policy_t`, version 2's is a struct: take it in under another name.
#define srtp_policy_t srtp_v2_policy_t
#include <srtp2/srtp.h>
#undef srtp_policy_t

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string.h> // explicit_bzero()

// Constants, not macros: should libsrtp 2 ever gain these names, the build stops here.
constexpr auto srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
constexpr auto srtp_err_status_cryptex_err  = static_cast<srtp_err_status_t>(29);

// Version 2's policy points at its key; this one owns it.
struct srtp_policy_ctx
{
	srtp_v2_policy_t v2{};
	uint8_t key[SRTP_MAX_KEY_LEN]{};
};
using srtp_policy_t = srtp_policy_ctx*;

inline srtp_err_status_t srtp_policy_create(srtp_policy_t* policy)
{
	*policy = new (std::nothrow) srtp_policy_ctx();
	return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

inline void srtp_policy_destroy(srtp_policy_t policy)
{
	if (!policy)
		return;
	// Not memset(): the compiler may drop a write to memory that is freed next.
	explicit_bzero(policy->key, sizeof policy->key);
	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t policy, srtp_ssrc_t ssrc)
{
	policy->v2.ssrc = ssrc;
	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t policy, srtp_profile_t profile)
{
	const auto err = srtp_crypto_policy_set_from_profile_for_rtp(&policy->v2.rtp, profile);
	return err ? err : srtp_crypto_policy_set_from_profile_for_rtcp(&policy->v2.rtcp, profile);
}

// One key without MKI, which is all that DTLS-SRTP negotiates here; more is refused rather than ignored.
inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t policy,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* mki,
  size_t mkiLen)
{
	if (mki || mkiLen || policy->v2.key || keyLen > sizeof policy->key || saltLen > sizeof policy->key - keyLen)
		return srtp_err_status_bad_param;
	std::memcpy(policy->key, key, keyLen);
	std::memcpy(policy->key + keyLen, salt, saltLen);
	policy->v2.key = policy->key;
	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t policy, bool allow)
{
	policy->v2.allow_repeat_tx = allow;
	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t policy, size_t size)
{
	policy->v2.window_size = size;
	return srtp_err_status_ok;
}

// The session copies what it needs: the policy may be destroyed afterwards.
inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t policy)
{
	return ::srtp_create(session, static_cast<const srtp_v2_policy_t*>(&policy->v2));
}

// `ssrc` in network byte order, as in version 2.
inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

namespace srtp_v2
{
using InPlace = srtp_err_status_t (*)(srtp_t, void*, int*);

// Runs version 2's in-place call on `out`, after copying the packet there if it is elsewhere. `*outLen` is the room in
// `out` before, and the packet's length after; `growth` is how far the call may write past the packet.
inline srtp_err_status_t apply(
  InPlace call, srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t growth)
{
	if (inLen > INT_MAX || inLen + growth > *outLen)
		return srtp_err_status_buffer_small;
	if (out != in)
		std::memcpy(out, in, inLen);
	int len        = static_cast<int>(inLen);
	const auto err = call(session, out, &len);
	if (!err)
		*outLen = static_cast<size_t>(len);
	return err;
}
} // namespace srtp_v2

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* rtp, size_t rtpLen, uint8_t* srtp, size_t* srtpLen, size_t /*mkiIndex*/)
{
	return srtp_v2::apply(::srtp_protect, session, rtp, rtpLen, srtp, srtpLen, SRTP_MAX_TRAILER_LEN);
}

// SRTCP appends a 4-byte index as well (RFC 3711 §3.4).
inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* rtcp, size_t rtcpLen, uint8_t* srtcp, size_t* srtcpLen, size_t /*mkiIndex*/)
{
	return srtp_v2::apply(::srtp_protect_rtcp, session, rtcp, rtcpLen, srtcp, srtcpLen, SRTP_MAX_TRAILER_LEN + 4);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* srtp, size_t srtpLen, uint8_t* rtp, size_t* rtpLen)
{
	return srtp_v2::apply(::srtp_unprotect, session, srtp, srtpLen, rtp, rtpLen, 0);
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* srtcp, size_t srtcpLen, uint8_t* rtcp, size_t* rtcpLen)
{
	return srtp_v2::apply(::srtp_unprotect_rtcp, session, srtcp, srtcpLen, rtcp, rtcpLen, 0);
}

// Replaces the ciphers of a libsrtp that has been set up (openssl-ciphers.cpp). Sessions keep those that they began with.
srtp_err_status_t srtp_use_openssl();

inline srtp_err_status_t srtp_init_v2()
{
	return ::srtp_init();
}

inline srtp_err_status_t srtp_init_with_openssl()
{
	const auto err = srtp_init_v2();
	return err ? err : srtp_use_openssl();
}
#define srtp_init srtp_init_with_openssl
