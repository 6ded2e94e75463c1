# Thresh with Chromium and Redis from Debian, as a user of its own and with Chromium's sandbox on: docs/setup.md says
# which flags `docker run` needs for that.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
COPY browser-pool ./browser-pool
COPY setup/bundle-command.mjs setup/bundle-dashboard.mjs ./setup/
RUN npm run build && chmod 755 dist/src/cli/main.js

FROM node:24-bookworm-slim
# tini is process 1: it reaps what a killed browser leaves behind, and passes SIGTERM on.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates chromium-headless-shell redis-server tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=build /app/dist ./dist
RUN ln -s /app/dist/src/cli/main.js /usr/local/bin/thresh \
 && mkdir -p /data/home /data/out /data/targets \
 && chown -R node:node /data

ENV NODE_ENV=production \
    THRESH_HOME=/data/home \
    THRESH_OUT=/data/out \
    THRESH_TARGETS=/data/targets
USER node
WORKDIR /data
VOLUME /data
ENTRYPOINT ["tini", "--", "thresh"]
CMD ["--help"]
