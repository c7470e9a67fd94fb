/** Everything at once, at a pace that leaves room: a call, people who join and leave, REST, beacons, and TURN. */
import { api } from './api.ts';
import { beacons } from './beacons.ts';
import { joinStorm } from './join-storm.ts';
import { meeting } from './meeting.ts';
import type { Options, Scenario, Workload } from './scenario.ts';
import { relaying } from './turn.ts';

/** Shares of the machine: on two cores, with the clients, some two thirds of it. */
const PARTS: readonly { readonly scenario: Scenario; readonly options: Partial<Options> }[] = [
  { scenario: meeting, options: { rooms: 1, users: 4 } },
  { scenario: joinStorm, options: { rate: 5, users: 5 } },
  { scenario: api, options: { rate: 100, rooms: 20 } },
  { scenario: beacons, options: { rate: 900, users: 20 } },
  { scenario: relaying, options: { rate: 2000, users: 10, size: 200 } },
];

export const mixed: Scenario = {
  about: 'a call, joins, REST, beacons and TURN at the same time, at a pace that leaves room',
  defaults: { seconds: 20 },
  needsTurn: true,
  async prepare(stage, options) {
    const workloads: Workload[] = [];
    const stop = async () => {
      await Promise.all(workloads.map((workload) => workload.stop()));
    };
    try {
      for (const { scenario, options: own } of PARTS) {
        workloads.push(await scenario.prepare(stage, { ...options, ...own }));
      }
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      run: async (until) => void (await Promise.all(workloads.map((workload) => workload.run(until)))),
      stop,
    };
  },
};
