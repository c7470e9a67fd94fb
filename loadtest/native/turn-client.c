#define _GNU_SOURCE
#include "turn-client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum attribute {
  USERNAME = 0x0006,
  MESSAGE_INTEGRITY = 0x0008,
  ERROR_CODE = 0x0009,
  CHANNEL_NUMBER = 0x000c,
  LIFETIME = 0x000d,
  XOR_PEER_ADDRESS = 0x0012,
  DATA = 0x0013,
  REALM = 0x0014,
  NONCE = 0x0015,
  XOR_RELAYED_ADDRESS = 0x0016,
  REQUESTED_TRANSPORT = 0x0019,
};

static const uint8_t COOKIE[4] = {0x21, 0x12, 0xa4, 0x42};
static const int ANSWER_MS = 1000, ATTEMPTS = 5;

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void put16(uint8_t *at, size_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void add(struct message *out, enum attribute type, const void *value, size_t length) {
  uint8_t *at = out->bytes + out->length;
  put16(at, type);
  put16(at + 2, length);
  memcpy(at + 4, value, length);
  memset(at + 4 + length, 0, -length & 3);
  out->length += 4 + ((length + 3) & ~(size_t)3);
  put16(out->bytes + 2, out->length - 20);
}

static void add_peer(struct message *out, const struct sockaddr_in *peer) {
  uint8_t value[8] = {0, 1};
  memcpy(value + 2, &peer->sin_port, 2);
  memcpy(value + 4, &peer->sin_addr, 4);
  for (int i = 0; i < 2; i++) value[2 + i] ^= COOKIE[i];
  for (int i = 0; i < 4; i++) value[4 + i] ^= COOKIE[i];
  add(out, XOR_PEER_ADDRESS, value, sizeof value);
}

size_t write_channel_header(uint8_t *out, size_t size) {
  put16(out, CHANNEL);
  put16(out + 2, size);
  return 4;
}

size_t write_send_header(uint8_t *out, const struct sockaddr_in *peer, size_t size) {
  struct message message = {.length = 20};
  put16(message.bytes, 0x0016);
  memcpy(message.bytes + 4, COOKIE, sizeof COOKIE);
  add_peer(&message, peer);
  put16(message.bytes + message.length, DATA);
  put16(message.bytes + message.length + 2, size);
  put16(message.bytes + 2, message.length - 20 + 4 + size);
  memcpy(out, message.bytes, message.length + 4);
  return message.length + 4;
}

static void sign(struct session *session, struct message *out) {
  add(out, USERNAME, session->user, strlen(session->user));
  add(out, REALM, session->realm, strlen(session->realm));
  add(out, NONCE, session->nonce, strlen(session->nonce));
  uint8_t mac[20];
  /* RFC 8489 section 14.5: the length field counts MESSAGE-INTEGRITY already. */
  put16(out->bytes + 2, out->length - 20 + 24);
  HMAC(EVP_sha1(), session->key, sizeof session->key, out->bytes, out->length, mac, NULL);
  add(out, MESSAGE_INTEGRITY, mac, sizeof mac);
}

void write_request(struct session *session, struct message *out, enum method method, const struct sockaddr_in *peer,
                   uint32_t lifetime) {
  out->length = 20;
  put16(out->bytes, method);
  put16(out->bytes + 2, 0);
  memcpy(out->bytes + 4, COOKIE, sizeof COOKIE);
  for (size_t i = 0; i < 3; i++) {
    uint32_t word = (uint32_t)random();
    memcpy(session->transaction + i * 4, &word, 4);
  }
  memcpy(out->bytes + 8, session->transaction, sizeof session->transaction);
  static const uint8_t udp[4] = {17}, channel[4] = {CHANNEL >> 8, CHANNEL & 255};
  if (method == ALLOCATE) add(out, REQUESTED_TRANSPORT, udp, sizeof udp);
  if (method == CHANNEL_BIND) add(out, CHANNEL_NUMBER, channel, sizeof channel);
  if (method == CREATE_PERMISSION || method == CHANNEL_BIND) add_peer(out, peer);
  if (method == REFRESH) add(out, LIFETIME, &(uint32_t){htonl(lifetime)}, 4);
  if (session->nonce[0]) sign(session, out);
}

static const uint8_t *find(const uint8_t *bytes, size_t length, enum attribute type, size_t *size) {
  for (size_t at = 20; at + 4 <= length; at += 4 + ((get16(bytes + at + 2) + 3u) & ~3u)) {
    *size = get16(bytes + at + 2);
    if (at + 4 + *size > length) return NULL;
    if (get16(bytes + at) == type) return bytes + at + 4;
  }
  return NULL;
}

static bool copy_text(char *to, size_t room, const uint8_t *bytes, size_t length, enum attribute type) {
  size_t size;
  const uint8_t *value = find(bytes, length, type, &size);
  if (!value || size >= room) return false;
  memcpy(to, value, size);
  to[size] = 0;
  return true;
}

/* RFC 8489 section 9.2.2: the long-term key is MD5 of user, realm and password; the password of a time-limited user
   name is the base64 of its HMAC-SHA1. */
static void learn_key(struct session *session) {
  const char *secret = session->secret;
  uint8_t mac[20];
  char password[32], text[256];
  HMAC(EVP_sha1(), secret, (int)strlen(secret), (const uint8_t *)session->user, strlen(session->user), mac, NULL);
  EVP_EncodeBlock((uint8_t *)password, mac, sizeof mac);
  int length = snprintf(text, sizeof text, "%s:%s:%s", session->user, session->realm, password);
  EVP_Digest(text, (size_t)length, session->key, NULL, EVP_md5(), NULL);
}

int read_answer(struct session *session, enum method method, const uint8_t *bytes, size_t length) {
  if (length < 20 || memcmp(bytes + 8, session->transaction, 12) != 0) return -1;
  unsigned type = get16(bytes);
  size_t size;
  if (type == (0x0100u | method)) {
    const uint8_t *relayed = find(bytes, length, XOR_RELAYED_ADDRESS, &size);
    if (relayed && size == 8) {
      uint8_t plain[8];
      memcpy(plain, relayed, 8);
      for (int i = 0; i < 2; i++) plain[2 + i] ^= COOKIE[i];
      for (int i = 0; i < 4; i++) plain[4 + i] ^= COOKIE[i];
      session->relayed.sin_family = AF_INET;
      memcpy(&session->relayed.sin_port, plain + 2, 2);
      memcpy(&session->relayed.sin_addr, plain + 4, 4);
    }
    return 0;
  }
  const uint8_t *error = find(bytes, length, ERROR_CODE, &size);
  if (type != (0x0110u | method) || !error || size < 4) return -1;
  int code = error[2] * 100 + error[3];
  if (code == 401 || code == 438) {
    if (copy_text(session->realm, sizeof session->realm, bytes, length, REALM)) learn_key(session);
    copy_text(session->nonce, sizeof session->nonce, bytes, length, NONCE);
  }
  return code;
}

bool open_session(struct session *session, const struct target *target, uint32_t index, const char *identity) {
  uint8_t *out = session->out, *in = session->in;
  memset(session, 0, sizeof *session);
  session->out = out;
  session->in = in;
  session->index = index;
  session->secret = target->secret;
  snprintf(session->user, sizeof session->user, "%ld:%s", (long)time(NULL) + 86400, identity);
  session->fd = socket(AF_INET, target->transport == UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
  if (session->fd < 0) return false;
  /* 127.1.x.y, of which 64,516 have neither 0 nor 255 at the end. */
  uint32_t host = 0x7f010000u | (1 + index / 254 % 254) << 8 | (1 + index % 254);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
  if (bind(session->fd, (struct sockaddr *)&own, sizeof own) != 0) return false;
  if (connect(session->fd, (const struct sockaddr *)&target->server, sizeof target->server) != 0) return false;
  if (target->transport == UDP) return true;
  if (!session->out) session->out = malloc(STREAM_ROOM);
  if (!session->in) session->in = malloc(STREAM_ROOM);
  setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (target->transport == TLS) {
    session->ssl = SSL_new(target->tls);
    SSL_set_fd(session->ssl, session->fd);
    if (SSL_connect(session->ssl) != 1) return false;
  }
  fcntl(session->fd, F_SETFL, O_NONBLOCK);
  return true;
}

void close_session(struct session *session) {
  if (session->ssl) SSL_free(session->ssl);
  session->ssl = NULL;
  close(session->fd);
  session->fd = -1;
}

ptrdiff_t stream_read(struct session *session, uint8_t *into, size_t room) {
  if (session->ssl) {
    int got = SSL_read(session->ssl, into, (int)room);
    if (got > 0) return got;
    return SSL_get_error(session->ssl, got) == SSL_ERROR_WANT_READ ? 0 : -1;
  }
  ptrdiff_t got = read(session->fd, into, room);
  if (got > 0) return got;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

bool stream_flush(struct session *session) {
  while (session->out_start < session->out_end) {
    const uint8_t *from = session->out + session->out_start;
    size_t length = session->out_end - session->out_start;
    ptrdiff_t done;
    if (session->ssl) {
      done = SSL_write(session->ssl, from, (int)length);
      if (done <= 0) return SSL_get_error(session->ssl, (int)done) == SSL_ERROR_WANT_WRITE;
    } else {
      done = write(session->fd, from, length);
      if (done < 0) return errno == EAGAIN || errno == EINTR;
    }
    session->out_start += (size_t)done;
  }
  session->out_start = session->out_end = 0;
  return true;
}

/* One answer to the request in `out`; on streams nothing else can come before it. */
static int ask(struct session *session, const struct target *target, enum method method, struct message *out) {
  uint8_t answer[MESSAGE_ROOM];
  size_t have = 0;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (target->transport == UDP) {
      send(session->fd, out->bytes, out->length, 0);
    } else if (attempt == 0) {
      memcpy(session->out, out->bytes, out->length);
      session->out_end = out->length;
      if (!stream_flush(session)) return -1;
    }
    struct pollfd wait = {.fd = session->fd, .events = POLLIN};
    while (poll(&wait, 1, ANSWER_MS) > 0) {
      ptrdiff_t got = target->transport == UDP ? recv(session->fd, answer, sizeof answer, 0)
                                               : stream_read(session, answer + have, sizeof answer - have);
      if (got < 0) return -1;
      have = target->transport == UDP ? (size_t)got : have + (size_t)got;
      if (have < 20 || have < 20u + get16(answer + 2)) continue;
      int code = read_answer(session, method, answer, have);
      if (code >= 0) return code;
      have = 0;
    }
  }
  return -1;
}

int set_up_session(struct session *session, const struct target *target, const struct sockaddr_in *peer) {
  static const enum method STEPS[] = {ALLOCATE, ALLOCATE, CREATE_PERMISSION, CHANNEL_BIND};
  struct message request;
  for (size_t step = 0; step < sizeof STEPS / sizeof STEPS[0]; step++) {
    write_request(session, &request, STEPS[step], peer, 0);
    int code = ask(session, target, STEPS[step], &request);
    /* The first Allocate is there to be challenged. */
    if (code != 0 && !(step == 0 && code == 401)) return code;
  }
  return 0;
}
