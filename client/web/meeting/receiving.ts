import { useEffect, useRef } from 'preact/hooks';

import type { RemoteTrack, Room } from '../../sdk/api.ts';
import { wantedLayer } from './layers.ts';

const SETTLE_MS = 400;

/**
 * Asks for no more video than is seen: cameras without a tile are paused, the others are sent in the layer that fills
 * their tile. `heights` are those of the tiles, in CSS pixels, by key; undefined before the first layout.
 */
export function useReceiving(room: Room, heights: ReadonlyMap<string, number> | undefined): void {
  const asked = useRef(new WeakMap<RemoteTrack, number>());
  const signature =
    heights &&
    [...room.participants.values()].map((who) => [who.tracks.get('camera')?.id, heights.get(who.key)]).join();
  useEffect(() => {
    if (!heights) return undefined;
    // A window that is being resized, or a burst of joins, ends in one round of requests.
    const timer = setTimeout(() => {
      for (const { key, tracks } of room.participants.values()) {
        const camera = tracks.get('camera');
        if (camera?.subscribed) adjust(camera, heights.get(key), asked.current);
      }
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [signature]);
}

function adjust(camera: RemoteTrack, height: number | undefined, asked: WeakMap<RemoteTrack, number>): void {
  if (height === undefined) {
    if (!camera.paused) camera.pause().catch(ignore);
    return;
  }
  if (camera.paused) camera.resume().catch(ignore);
  const layer = wantedLayer(height * devicePixelRatio, camera.availableLayers.spatial);
  if (camera.availableLayers.spatial < 2 || asked.get(camera) === layer) return;
  asked.set(camera, layer);
  camera.setLayers({ spatialLayer: layer }).catch(() => asked.delete(camera));
}

/** A refusal leaves more video than needed, and it is asked again at the next change: nothing to tell a person. */
function ignore(): void {}
