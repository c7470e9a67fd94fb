/** Somebody who uses the dashboard, by what it shows and is named. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Locator, Page } from 'playwright-core';

import { API_KEYS } from '../../support/server.ts';
import type { Stage } from './stage.ts';

/** Where tests leave pictures of what they saw; not in the repository. */
const PICTURES = fileURLToPath(new URL('../../../coverage/dashboard/', import.meta.url));

export class Dashboard {
  readonly page: Page;
  /** What the page has complained about: errors of its scripts and of its content policy. */
  readonly complaints: string[] = [];
  /** What was asked for, with what it was answered. */
  readonly requests: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  /** At `path` below /dashboard, signed in. */
  static async open(t: TestContext, stage: Stage, path = '', origin?: string): Promise<Dashboard> {
    const dashboard = new Dashboard(await stage.open(t, '/v1/health', { origin }));
    await dashboard.page.goto(`${origin ?? stage.server.url}/dashboard${path}`);
    await dashboard.signIn();
    await dashboard.page.getByRole('navigation').waitFor();
    return dashboard;
  }

  /** Enters the key where it is asked for. */
  async signIn(key: string = API_KEYS[0]): Promise<void> {
    const field = this.page.getByLabel('API key');
    await field.fill(key);
    await field.press('Enter');
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name, exact: true });
  }

  /** A room's card among the live rooms. */
  room(name: string): Locator {
    return this.page.getByTestId('room').filter({ has: this.page.getByRole('link', { name, exact: true }) });
  }

  /** Somebody in the list beside a room's charts. */
  participant(identity: string): Locator {
    return this.page
      .getByTestId('participant')
      .filter({ has: this.page.getByRole('link', { name: identity, exact: true }) });
  }

  /** Waits until the charts are drawn. */
  async charts(): Promise<Locator> {
    const charts = this.page.getByTestId('charts');
    await charts.and(this.page.locator('[data-state=ready]')).waitFor();
    return charts;
  }

  /** The path and query of the page. */
  get address(): string {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  /** What has the focus: its name or text. */
  focused(): Promise<string> {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent ?? '';
    });
  }

  /** A picture for those who look at what tests saw. */
  async picture(name: string): Promise<void> {
    await mkdir(PICTURES, { recursive: true });
    await this.page.screenshot({ path: `${PICTURES}${name}.png` });
  }

  /** Fails where the page did something that it may not, or failed. */
  async hasNoComplaints(): Promise<void> {
    assert.deepEqual([...this.complaints, ...(await this.page.evaluate(() => kit.violations()))], []);
  }
}
