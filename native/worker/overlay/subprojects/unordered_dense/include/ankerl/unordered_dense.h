// The part of ankerl::unordered_dense that mediasoup uses, as the standard containers.
//
// Their interface is a superset of what is called, and their promises are stronger: erasing or inserting an element
// leaves references to the others valid, where ankerl's dense storage moves them. Iteration order differs, and
// mediasoup does not rely on it. They cost an allocation per element and a pointer chase per lookup; a forwarded
// packet makes about three lookups, well under a tenth of its cost in system calls and encryption.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense
{
template<class T, class = void>
struct hash : std::hash<T>
{
};

// libstdc++ hashes an integer to itself. mediasoup combines these values into hashes of addresses and ports with
// shifts that mix little, so they are mixed here (the finaliser of MurmurHash3, public domain).
template<class T>
struct hash<T, std::enable_if_t<std::is_integral_v<T>>>
{
	size_t operator()(T value) const noexcept
	{
		auto x = static_cast<uint64_t>(value);
		x      = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
		x      = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
		return static_cast<size_t>(x ^ (x >> 33));
	}
};

template<class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
using map = std::unordered_map<Key, Value, Hash, Equal>;

template<class Key, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
using set = std::unordered_set<Key, Hash, Equal>;
} // namespace ankerl::unordered_dense
