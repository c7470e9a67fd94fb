/** A participant on a bare page of the server's origin, which uses the SDK and nothing else. */
import assert from 'node:assert/strict';

import type { BrowserContext, Page } from 'playwright-core';

import type { CameraOptions, JoinOptions, Source } from '../../../client/sdk/api.ts';
import { comesToRest, eventually } from './eventually.ts';
import type { Happening, Kit, Reception, SentLayer } from './kit.ts';

/** Small, so that several of them fit on two cores. */
export const SMALL_CAMERA = { width: 320, height: 180, frameRate: 10, simulcast: false };
const SILENCE_FOR = 1500;

export class Guest {
  readonly identity: string;
  readonly page: Page;
  readonly context: BrowserContext;

  /** `page` is to have the kit. */
  constructor(identity: string, page: Page) {
    this.identity = identity;
    this.page = page;
    this.context = page.context();
  }

  /** Joins; rejects where the SDK does. `secret`: media is encrypted end to end with it, and with `next` once somebody has left. */
  async join(token: string, options: JoinOptions = {}, secret?: string, next?: string): Promise<void> {
    const code = await this.page.evaluate(([its, more, key, other]) => kit.join(its, more, key, other), [
      token,
      options,
      secret,
      next,
    ] as const);
    assert.equal(code, null, `${this.identity} joins`);
  }

  /** The code with which the SDK refuses, or null. */
  tryToJoin(token: string, options: JoinOptions = {}, secret?: string): Promise<string | null> {
    return this.page.evaluate(([its, more, key]) => kit.join(its, more, key), [token, options, secret] as const);
  }

  /** Camera and microphone. */
  publish(camera: CameraOptions = SMALL_CAMERA, microphone = true): Promise<void> {
    return this.page.evaluate(([one, other]) => kit.publish(one, other), [camera, microphone] as const);
  }

  switchCamera(width: number, height: number): Promise<void> {
    return this.page.evaluate(([its, other]) => kit.switchCamera(its, other), [width, height] as const);
  }

  mute(source: Source): Promise<void> {
    return this.page.evaluate((its) => kit.mute(its), source);
  }

  unmute(source: Source): Promise<void> {
    return this.page.evaluate((its) => kit.unmute(its), source);
  }

  shareScreen(on: boolean): Promise<void> {
    return this.page.evaluate((its) => kit.shareScreen(its), on);
  }

  /** Resolves when the server has taken it. */
  say(text: string): Promise<string> {
    return this.page.evaluate((its) => kit.say(its), text);
  }

  setLayers(identity: string, spatialLayer: number): Promise<void> {
    return this.page.evaluate(([whose, layer]) => kit.setLayers(whose, layer), [identity, spatialLayer] as const);
  }

  /** Gives the element that shows the camera of `identity` another style, as soon as there is one. */
  async style(identity: string, css: string): Promise<void> {
    await eventually(
      `${this.identity} shows the camera of ${identity}`,
      () => this.page.evaluate(([whose, its]) => kit.style(whose, its), [identity, css] as const),
      (shown) => shown,
    );
  }

  /** Puts the camera of `identity` into a window of its own, as by a click; or closes that window. */
  async pictureInPicture(identity: string, on: boolean): Promise<void> {
    await this.page.evaluate(([whose, opened]) => kit.preparePictureInPicture(whose, opened), [identity, on] as const);
    // Browsers open it for a key press, and for no script.
    await this.page.keyboard.press('p');
    await eventually(
      'the window is as it should be',
      () => this.page.evaluate(() => kit.pictureInPicture()),
      (now) => now === on,
    );
  }

  pin(identity: string, pinned = true): Promise<void> {
    return this.page.evaluate(([whose, its]) => kit.pin(whose, its), [identity, pinned] as const);
  }

  /** The layers of one's own camera, lowest first. */
  sentLayers(source: 'camera' | 'screen' = 'camera'): Promise<SentLayer[]> {
    return this.page.evaluate((its) => kit.sentLayers(its), source);
  }

  /** Bytes of the camera, all layers together. */
  async sentBytes(): Promise<number> {
    return (await this.sentLayers()).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  leave(): Promise<void> {
    return this.page.evaluate(() => kit.leave());
  }

  /** What this guest knows of the room. */
  room(): Promise<ReturnType<Kit['view']>> {
    return this.page.evaluate(() => kit.view());
  }

  /** What this guest was told of these events, oldest first. */
  async happened(...events: Happening['event'][]): Promise<Happening[]> {
    const all = await this.page.evaluate(() => kit.happenings());
    return all.filter(({ event }) => events.includes(event));
  }

  reception(identity: string, source: Source): Promise<Reception | undefined> {
    return this.page.evaluate(([whose, its]) => kit.reception(whose, its), [identity, source] as const);
  }

  /** Waits until this guest has decoded five more frames of `identity`, and what is shown has changed with them. */
  async sees(identity: string, source: Source = 'camera', within = 20_000): Promise<Reception> {
    let from: Reception | undefined;
    const last = await eventually(
      `${this.identity} sees the ${source} of ${identity}`,
      () => this.reception(identity, source),
      (now) => {
        if (!now?.shown || now.frames === 0) return false;
        if (from?.receiver !== now.receiver) from = now;
        return now.frames >= from.frames + 5 && now.shown.pixels !== from.shown?.pixels;
      },
      within,
    );
    assert.ok(last);
    return last;
  }

  /** Waits until this guest has decoded sound of `identity` that is not silence. */
  async hears(identity: string, source: Source = 'microphone', within = 20_000): Promise<void> {
    let from: Reception | undefined;
    await eventually(
      `${this.identity} hears ${identity}`,
      () => this.reception(identity, source),
      (now) => {
        if (now === undefined) return false;
        if (from?.receiver !== now.receiver) from = now;
        return now.energy > from.energy + 1e-4 && now.samples > from.samples && now.bytes > from.bytes;
      },
      within,
    );
  }

  /** Waits until nothing of this track has come in for a while. */
  async receivesNothing(identity: string, source: Source): Promise<void> {
    const bytes = async () => (await this.reception(identity, source))?.bytes;
    await comesToRest(`the ${source} of ${identity} stops for ${this.identity}`, SILENCE_FOR, bytes);
  }

  /** Waits for this event. */
  async told(event: Happening['event'], about: Partial<Happening> = {}, within = 10_000): Promise<Happening> {
    const fits = (happening: Happening) =>
      Object.entries(about).every(([key, value]) => happening[key as keyof Happening] === value);
    const found = await eventually(
      `${this.identity} is told ${event} ${JSON.stringify(about)}`,
      () => this.happened(event),
      (all) => all.some(fits),
      within,
    );
    return found.find(fits)!;
  }
}
