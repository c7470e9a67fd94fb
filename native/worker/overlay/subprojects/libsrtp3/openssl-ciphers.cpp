// The ciphers of SRTP by OpenSSL, put in the place of those that libsrtp was built with.
//
// Debian builds libsrtp with NSS, which sets up a cipher anew for each packet. libsrtp takes other implementations at run
// time, after they have passed its own known answers and these here (srtp_replace_cipher_type(), srtp_replace_auth_type()).
#include <srtp.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <srtp2/crypto_types.h>

#include <cstdlib>

namespace
{
constexpr size_t IcmIvLen{ 16 };
constexpr size_t GcmSaltLen{ 12 };
constexpr size_t IcmSaltLen{ 14 };
constexpr size_t Sha1Len{ 20 };
constexpr size_t Sha1BlockLen{ 64 };

constexpr uint8_t Zeros[IcmIvLen]{};

struct CipherState
{
	EVP_CIPHER_CTX* evp;
	const EVP_CIPHER* cipher;
	size_t keyLen;
	size_t tagLen;
	// Of counter mode: the salt, to which each packet's nonce is added (RFC 3711 §4.1.1).
	uint8_t offset[IcmIvLen];
};

template<typename State>
State& stateOf(void* state)
{
	return *static_cast<State*>(state);
}

srtp_err_status_t okIf(bool good)
{
	return good ? srtp_err_status_ok : srtp_err_status_cipher_fail;
}

srtp_err_status_t allocCipher(
  srtp_cipher_pointer_t* made, const srtp_cipher_type_t* type, const EVP_CIPHER* evpCipher, size_t keyLen, int withSalt, int tagLen)
{
	auto* cipher = static_cast<srtp_cipher_t*>(std::calloc(1, sizeof(srtp_cipher_t)));
	auto* state  = static_cast<CipherState*>(std::calloc(1, sizeof(CipherState)));
	auto* evp    = EVP_CIPHER_CTX_new();
	if (!cipher || !state || !evp)
	{
		std::free(cipher);
		std::free(state);
		EVP_CIPHER_CTX_free(evp);
		return srtp_err_status_alloc_fail;
	}
	*state = { evp, evpCipher, keyLen, static_cast<size_t>(tagLen), {} };
	*cipher = { type, state, withSalt, static_cast<int>(type->id) };
	*made   = cipher;
	return srtp_err_status_ok;
}

srtp_err_status_t deallocCipher(srtp_cipher_pointer_t cipher)
{
	auto& state = stateOf<CipherState>(cipher->state);
	// Clears the key.
	EVP_CIPHER_CTX_free(state.evp);
	OPENSSL_cleanse(&state, sizeof state);
	std::free(&state);
	std::free(cipher);
	return srtp_err_status_ok;
}

/* AES-GCM (RFC 7714). libsrtp keeps the salt, and says nonce, header, packet and tag in this order. */

template<size_t KeyLen>
srtp_err_status_t allocGcm(srtp_cipher_pointer_t* made, int keyLen, int tagLen);

srtp_err_status_t initGcm(void* its, const uint8_t* key)
{
	auto& state = stateOf<CipherState>(its);
	return okIf(EVP_CipherInit_ex(state.evp, state.cipher, nullptr, key, nullptr, 1) == 1);
}

srtp_err_status_t setGcmIv(void* its, uint8_t* iv, srtp_cipher_direction_t direction)
{
	auto& state = stateOf<CipherState>(its);
	return okIf(EVP_CipherInit_ex(state.evp, nullptr, nullptr, nullptr, iv, direction == srtp_direction_encrypt) == 1);
}

srtp_err_status_t setGcmAad(void* its, const uint8_t* aad, uint32_t aadLen)
{
	int len{ 0 };
	return okIf(EVP_CipherUpdate(stateOf<CipherState>(its).evp, nullptr, &len, aad, static_cast<int>(aadLen)) == 1);
}

bool updateGcm(CipherState& state, uint8_t* buffer, size_t octets)
{
	int len{ 0 };
	uint8_t unused[16];
	if (octets > 0 && EVP_CipherUpdate(state.evp, buffer, &len, buffer, static_cast<int>(octets)) != 1)
		return false;
	return EVP_CipherFinal_ex(state.evp, unused, &len) == 1;
}

srtp_err_status_t encryptGcm(void* its, uint8_t* buffer, unsigned int* octets)
{
	return okIf(updateGcm(stateOf<CipherState>(its), buffer, *octets));
}

srtp_err_status_t getGcmTag(void* its, uint8_t* tag, uint32_t* len)
{
	auto& state = stateOf<CipherState>(its);
	*len        = static_cast<uint32_t>(state.tagLen);
	return okIf(EVP_CIPHER_CTX_ctrl(state.evp, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(state.tagLen), tag) == 1);
}

// `octets` counts the tag, which ends the buffer, before, and does not after.
srtp_err_status_t decryptGcm(void* its, uint8_t* buffer, unsigned int* octets)
{
	auto& state = stateOf<CipherState>(its);
	if (*octets < state.tagLen)
		return srtp_err_status_bad_param;
	const size_t len = *octets - state.tagLen;
	if (EVP_CIPHER_CTX_ctrl(state.evp, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(state.tagLen), buffer + len) != 1)
		return srtp_err_status_cipher_fail;
	if (!updateGcm(state, buffer, len))
		return srtp_err_status_auth_fail;
	*octets = static_cast<unsigned int>(len);
	return srtp_err_status_ok;
}

/* AES in counter mode (RFC 3711 §4.1.1). Its key ends with the salt. */

template<size_t KeyLen>
srtp_err_status_t allocIcm(srtp_cipher_pointer_t* made, int keyLen, int tagLen);

srtp_err_status_t initIcm(void* its, const uint8_t* key)
{
	auto& state = stateOf<CipherState>(its);
	std::memcpy(state.offset, key + state.keyLen, IcmSaltLen);
	return okIf(EVP_EncryptInit_ex(state.evp, state.cipher, nullptr, key, nullptr) == 1);
}

srtp_err_status_t setIcmIv(void* its, uint8_t* iv, srtp_cipher_direction_t /*direction*/)
{
	auto& state = stateOf<CipherState>(its);
	uint8_t counter[IcmIvLen];
	for (size_t i{ 0 }; i < IcmIvLen; ++i)
		counter[i] = state.offset[i] ^ iv[i];
	return okIf(EVP_EncryptInit_ex(state.evp, nullptr, nullptr, nullptr, counter) == 1);
}

srtp_err_status_t cryptIcm(void* its, uint8_t* buffer, unsigned int* octets)
{
	int len{ 0 };
	if (*octets == 0)
		return srtp_err_status_ok;
	return okIf(
	  EVP_EncryptUpdate(stateOf<CipherState>(its).evp, buffer, &len, buffer, static_cast<int>(*octets)) == 1);
}

/* HMAC-SHA1 (RFC 2104): what each packet's begins with is hashed once for a key. */

struct HmacState
{
	EVP_MD_CTX* inner;
	EVP_MD_CTX* outer;
	EVP_MD_CTX* running;
};

void freeHmac(HmacState* state)
{
	if (!state)
		return;
	EVP_MD_CTX_free(state->inner);
	EVP_MD_CTX_free(state->outer);
	EVP_MD_CTX_free(state->running);
	std::free(state);
}

srtp_err_status_t deallocHmac(srtp_auth_pointer_t auth)
{
	freeHmac(static_cast<HmacState*>(auth->state));
	std::free(auth);
	return srtp_err_status_ok;
}

bool hashPad(EVP_MD_CTX* context, const uint8_t* key, size_t keyLen, uint8_t with)
{
	uint8_t pad[Sha1BlockLen];
	std::memset(pad, with, sizeof pad);
	for (size_t i{ 0 }; i < keyLen; ++i)
		pad[i] ^= key[i];
	const bool good = EVP_DigestInit_ex(context, EVP_sha1(), nullptr) == 1 && EVP_DigestUpdate(context, pad, sizeof pad) == 1;
	OPENSSL_cleanse(pad, sizeof pad);
	return good;
}

srtp_err_status_t initHmac(void* its, const uint8_t* key, int keyLen)
{
	auto& state = stateOf<HmacState>(its);
	if (keyLen < 0 || static_cast<size_t>(keyLen) > Sha1BlockLen)
		return srtp_err_status_bad_param;
	const auto len = static_cast<size_t>(keyLen);
	return okIf(hashPad(state.inner, key, len, 0x36) && hashPad(state.outer, key, len, 0x5c));
}

srtp_err_status_t startHmac(void* its)
{
	auto& state = stateOf<HmacState>(its);
	return okIf(EVP_MD_CTX_copy_ex(state.running, state.inner) == 1);
}

srtp_err_status_t updateHmac(void* its, const uint8_t* message, int octets)
{
	return okIf(EVP_DigestUpdate(stateOf<HmacState>(its).running, message, static_cast<size_t>(octets)) == 1);
}

srtp_err_status_t computeHmac(void* its, const uint8_t* message, int octets, int tagLen, uint8_t* tag)
{
	auto& [inner, outer, running] = stateOf<HmacState>(its);
	uint8_t digest[Sha1Len];
	if (tagLen < 0 || static_cast<size_t>(tagLen) > Sha1Len)
		return srtp_err_status_bad_param;
	const bool good = EVP_DigestUpdate(running, message, static_cast<size_t>(octets)) == 1 &&
	                  EVP_DigestFinal_ex(running, digest, nullptr) == 1 && EVP_MD_CTX_copy_ex(running, outer) == 1 &&
	                  EVP_DigestUpdate(running, digest, sizeof digest) == 1 &&
	                  EVP_DigestFinal_ex(running, digest, nullptr) == 1;
	std::memcpy(tag, digest, static_cast<size_t>(tagLen));
	return okIf(good);
}

srtp_err_status_t allocHmac(srtp_auth_pointer_t* made, int keyLen, int outLen);

/* Known answers: test cases 4 and 16 of the specification of GCM, RFC 3711 §B.2 and RFC 2202 §3. */

constexpr uint8_t GcmKey[]{ 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83,
	                          0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30,
	                          0x83, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 };
uint8_t GcmIv[]{ 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88, 0x00, 0x00, 0x00, 0x00 };
constexpr uint8_t GcmAad[]{ 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
	                          0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2 };
constexpr uint8_t GcmPlain[]{ 0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
	                            0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
	                            0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
	                            0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39 };
constexpr uint8_t Gcm128Cipher[]{ 0x42, 0x83, 0x1e, 0xc2, 0x21, 0x77, 0x74, 0x24, 0x4b, 0x72, 0x21, 0xb7, 0x84,
	                                0xd0, 0xd4, 0x9c, 0xe3, 0xaa, 0x21, 0x2f, 0x2c, 0x02, 0xa4, 0xe0, 0x35, 0xc1,
	                                0x7e, 0x23, 0x29, 0xac, 0xa1, 0x2e, 0x21, 0xd5, 0x14, 0xb2, 0x54, 0x66, 0x93,
	                                0x1c, 0x7d, 0x8f, 0x6a, 0x5a, 0xac, 0x84, 0xaa, 0x05, 0x1b, 0xa3, 0x0b, 0x39,
	                                0x6a, 0x0a, 0xac, 0x97, 0x3d, 0x58, 0xe0, 0x91, 0x5b, 0xc9, 0x4f, 0xbc, 0x32,
	                                0x21, 0xa5, 0xdb, 0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a, 0x47 };
constexpr uint8_t Gcm256Cipher[]{ 0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37, 0xa3, 0x2a,
	                                0x84, 0x42, 0x7d, 0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98,
	                                0xa2, 0xbd, 0x25, 0x55, 0xd1, 0xaa, 0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb,
	                                0x3d, 0xa7, 0xb0, 0x8b, 0x10, 0x56, 0x82, 0x88, 0x38, 0xc5, 0xf6, 0x1e, 0x63,
	                                0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62, 0x76, 0xfc, 0x6e, 0xce, 0x0f,
	                                0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b };
constexpr uint8_t Icm128Key[]{ 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f,
	                             0x3c, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd };
constexpr uint8_t Icm128Cipher[]{ 0xe0, 0x3e, 0xad, 0x09, 0x35, 0xc9, 0x5e, 0x80, 0xe1, 0x66, 0xb1,
	                                0x6d, 0xd9, 0x2b, 0x4e, 0xb4 };
constexpr uint8_t HmacKey[]{ 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
	                           0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b };
constexpr uint8_t HmacData[]{ 'H', 'i', ' ', 'T', 'h', 'e', 'r', 'e' };
constexpr uint8_t HmacTag[]{ 0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b,
	                           0xc0, 0xb6, 0xfb, 0x37, 0x8c, 0x8e, 0xf1, 0x46, 0xbe, 0x00 };
uint8_t NoIv[IcmIvLen]{};

template<size_t CipherLen>
constexpr srtp_cipher_test_case_t gcmAnswer(int keyLen, const uint8_t (&cipher)[CipherLen])
{
	return { keyLen, GcmKey, GcmIv, sizeof GcmPlain, GcmPlain, CipherLen, cipher, sizeof GcmAad, GcmAad, 16, nullptr };
}
const srtp_cipher_test_case_t Gcm128Answer = gcmAnswer(16 + GcmSaltLen, Gcm128Cipher);
const srtp_cipher_test_case_t Gcm256Answer = gcmAnswer(32 + GcmSaltLen, Gcm256Cipher);
const srtp_cipher_test_case_t Icm128Answer{ sizeof Icm128Key, Icm128Key,    NoIv, sizeof Zeros, Zeros,
	                                          sizeof Icm128Cipher, Icm128Cipher, 0,    nullptr,      0, nullptr };
const srtp_auth_test_case_t HmacAnswer{ sizeof HmacKey, HmacKey, sizeof HmacData, HmacData, sizeof HmacTag, HmacTag, nullptr };

const srtp_cipher_type_t Gcm128{ allocGcm<16>, deallocCipher, initGcm,   setGcmAad, encryptGcm,
	                               decryptGcm,   setGcmIv,      getGcmTag, "AES-128 GCM by OpenSSL",
	                               &Gcm128Answer, SRTP_AES_GCM_128 };
const srtp_cipher_type_t Gcm256{ allocGcm<32>, deallocCipher, initGcm,   setGcmAad, encryptGcm,
	                               decryptGcm,   setGcmIv,      getGcmTag, "AES-256 GCM by OpenSSL",
	                               &Gcm256Answer, SRTP_AES_GCM_256 };
const srtp_cipher_type_t Icm128{ allocIcm<16>, deallocCipher, initIcm, nullptr, cryptIcm,
	                               cryptIcm,     setIcmIv,      nullptr, "AES-128 counter mode by OpenSSL",
	                               &Icm128Answer, SRTP_AES_ICM_128 };
const srtp_auth_type_t HmacSha1{ allocHmac,  deallocHmac, initHmac, computeHmac, updateHmac,
	                               startHmac, "HMAC-SHA1 by OpenSSL", &HmacAnswer, SRTP_HMAC_SHA1 };

template<size_t KeyLen>
srtp_err_status_t allocGcm(srtp_cipher_pointer_t* made, int keyLen, int tagLen)
{
	if (keyLen != static_cast<int>(KeyLen + GcmSaltLen) || (tagLen != 16 && tagLen != 8))
		return srtp_err_status_bad_param;
	const auto* type = KeyLen == 16 ? &Gcm128 : &Gcm256;
	return allocCipher(made, type, KeyLen == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), KeyLen, keyLen, tagLen);
}

template<size_t KeyLen>
srtp_err_status_t allocIcm(srtp_cipher_pointer_t* made, int keyLen, int tagLen)
{
	if (keyLen != static_cast<int>(KeyLen + IcmSaltLen))
		return srtp_err_status_bad_param;
	return allocCipher(made, &Icm128, EVP_aes_128_ctr(), KeyLen, keyLen, tagLen);
}

srtp_err_status_t allocHmac(srtp_auth_pointer_t* made, int keyLen, int outLen)
{
	if (outLen < 0 || outLen > static_cast<int>(Sha1Len))
		return srtp_err_status_bad_param;
	auto* auth  = static_cast<srtp_auth_t*>(std::calloc(1, sizeof(srtp_auth_t)));
	auto* state = static_cast<HmacState*>(std::calloc(1, sizeof(HmacState)));
	if (state)
		*state = { EVP_MD_CTX_new(), EVP_MD_CTX_new(), EVP_MD_CTX_new() };
	if (!auth || !state || !state->inner || !state->outer || !state->running)
	{
		freeHmac(state);
		std::free(auth);
		return srtp_err_status_alloc_fail;
	}
	*auth = { &HmacSha1, state, outLen, keyLen, 0 };
	*made = auth;
	return srtp_err_status_ok;
}
} // namespace

srtp_err_status_t srtp_use_openssl()
{
	auto err = srtp_replace_cipher_type(&Gcm128, SRTP_AES_GCM_128);
	if (!err) err = srtp_replace_cipher_type(&Gcm256, SRTP_AES_GCM_256);
	if (!err) err = srtp_replace_cipher_type(&Icm128, SRTP_AES_ICM_128);
	if (!err) err = srtp_replace_auth_type(&HmacSha1, SRTP_HMAC_SHA1);
	return err;
}
