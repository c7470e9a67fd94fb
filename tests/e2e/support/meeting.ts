/** Somebody who uses the meeting page, by what it shows and is named. */
import assert from 'node:assert/strict';

import type { Locator, Page } from 'playwright-core';

import { eventually } from './eventually.ts';
import type { Picture } from './kit.ts';

export class MeetingPage {
  readonly page: Page;
  /** What the page has complained about: errors of its scripts, of the console, and of its content policy. */
  readonly complaints: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  /** From the start to the call. */
  async enter(): Promise<void> {
    await this.button('Join').click();
    await this.button('Leave').waitFor();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name });
  }

  /** The tile with this name, which says what is off: `Ben, microphone off`. */
  tile(name: string): Locator {
    return this.page.getByRole('listitem', { name, exact: true });
  }

  get messages(): Locator {
    return this.page.getByRole('log', { name: 'Messages' });
  }

  async write(text: string): Promise<void> {
    const field = this.page.getByRole('textbox', { name: 'Message to everyone' });
    await field.fill(text);
    await field.press('Enter');
  }

  /** Waits until the video of this name shows new frames. */
  async shows(label: string): Promise<Picture> {
    const element = this.page.locator('video').and(this.page.getByLabel(label, { exact: true }));
    let from: Picture | undefined;
    const last = await eventually(
      `${label} moves`,
      async () => {
        // The element is another one where a tile was drawn anew.
        if ((await element.count()) !== 1) return undefined;
        return element.evaluate((video: HTMLVideoElement) => kit.picture(video));
      },
      (now) => {
        if (now === undefined || now.frames === 0) return false;
        if (from === undefined || now.frames < from.frames) from = now;
        return now.frames >= from.frames + 5 && now.pixels !== from.pixels;
      },
      15_000,
    );
    assert.ok(last);
    return last;
  }

  /** Waits until sound that is not silence is decoded. */
  async hearsSound(): Promise<void> {
    const energy = () => this.page.evaluate(() => kit.soundEnergy());
    const before = await energy();
    await eventually('sound comes in', energy, (now) => now > before + 1e-4);
  }

  /** Fails where anything was complained about. */
  async hasNoComplaints(): Promise<void> {
    assert.deepEqual([...this.complaints, ...(await this.page.evaluate(() => kit.violations()))], []);
  }
}
