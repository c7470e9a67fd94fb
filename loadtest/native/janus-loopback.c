/*
 * Lets Janus use 127.0.0.1, which it passes over: under this library no interface says that it is loopback.
 *
 *   cc -O2 -shared -fPIC -o janus-loopback.so janus-loopback.c
 *   LD_PRELOAD=janus-loopback.so janus
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ifaddrs.h>
#include <net/if.h>

int getifaddrs(struct ifaddrs **list) {
  int (*real)(struct ifaddrs **) = (int (*)(struct ifaddrs **))dlsym(RTLD_NEXT, "getifaddrs");
  int result = real(list);
  for (struct ifaddrs *it = result == 0 ? *list : 0; it; it = it->ifa_next) it->ifa_flags &= ~(unsigned)IFF_LOOPBACK;
  return result;
}
