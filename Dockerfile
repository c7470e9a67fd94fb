# syntax=docker/dockerfile:1
# docs/operating.md says how to run this image, and that it has not been built on the machines where it was written.

# The build stage has everything that scripts/bootstrap.mjs needs to fetch or build mediasoup's worker and the pages.
FROM node:22-bookworm AS build
WORKDIR /app
ENV SLUICE_CACHE_DIR=/cache
COPY package.json package-lock.json .npmrc ./
COPY native ./native
COPY scripts ./scripts
# Before the sources: a change of them does not build the worker again.
RUN node scripts/bootstrap.mjs --for start \
 && cp "$(realpath node_modules/.sluice/mediasoup-worker)" /mediasoup-worker \
 && cp "$(realpath node_modules/.sluice/udp.node)" /udp.node
COPY . .
RUN node scripts/bootstrap.mjs --for build \
 && npm ci --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
# What a worker that was built rather than downloaded is linked against, beside the C++ runtime of the image.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libuv1 libssl3 libsrtp2-1 libabsl20220623 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production \
    MEDIASOUP_WORKER_BIN=/usr/local/bin/mediasoup-worker
COPY --from=build /mediasoup-worker /usr/local/bin/mediasoup-worker
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /udp.node ./node_modules/.sluice/udp.node
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY config ./config
USER node
# HTTP and signaling, and one media port per worker (one per core) from 40000 on. TURN: 3478, and
# 5349 where there is a certificate. Give SLUICE_AUTH_KEYS and SLUICE_TURN_SECRETS, which production does not start
# without, and SLUICE_MEDIA_ANNOUNCED, the address at which clients reach these ports.
EXPOSE 7800/tcp 40000-40015/tcp 40000-40015/udp 3478/tcp 3478/udp 5349/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7800/v1/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/server/main.js", "--host", "0.0.0.0"]
