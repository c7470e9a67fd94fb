import { api } from './api.ts';
import { beacons } from './beacons.ts';
import { churn } from './churn.ts';
import { joinStorm } from './join-storm.ts';
import { meeting, webinar } from './meeting.ts';
import { mixed } from './mixed.ts';
import type { Scenario } from './scenario.ts';
import { turn } from './turn.ts';

/** Every scenario of `npm run loadtest`, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...{ 'join-storm': joinStorm, meeting, webinar, churn, api, beacons, turn, mixed },
};
