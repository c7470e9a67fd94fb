import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Static } from 'typebox';

import type * as Sdk from '../../client/server-sdk/sluice.ts';
import type * as Events from '../../src/api/event-schemas.ts';
import type * as Quality from '../../src/api/qoe-schemas.ts';
import type * as Api from '../../src/api/schemas.ts';
import type { EventFact, EventType } from '../../src/events/event.ts';

/** Whether each can stand in for the other; where not, this file does not compile. */
type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
type Json<Schema extends keyof typeof Api> = Static<(typeof Api)[Schema]>;

const same = {
  createRoom: true satisfies Same<Sdk.NewRoom, Json<'CreateRoomBody'>>,
  updateRoom: true satisfies Same<Partial<Sdk.RoomSettings>, Json<'UpdateRoomBody'>>,
  room: true satisfies Same<Sdk.Room, Json<'RoomResource'>>,
  createToken: true satisfies Same<Sdk.TokenRequest, Json<'CreateTokenBody'>>,
  token: true satisfies Same<Sdk.Token, Json<'TokenResource'>>,
  participant: true satisfies Same<Sdk.Participant, Json<'ParticipantResource'>>,
  updateParticipant: true satisfies Same<Sdk.ParticipantChange, Json<'UpdateParticipantBody'>>,
  turn: true satisfies Same<Sdk.TurnCredentials, Json<'TurnCredentialsResource'>>,
  health: true satisfies Same<Sdk.Health, Json<'HealthResource'>>,
  readiness: true satisfies Same<Sdk.Readiness, Json<'ReadinessResource'>>,
  usage: true satisfies Same<Sdk.UsageRow, Static<typeof Events.UsageList>['usage'][number]>,
  eventTypes: true satisfies Same<Sdk.SluiceEvent['type'], EventType>,
  qualityOfParticipant: true satisfies [Static<typeof Quality.QoeParticipant>] extends [Sdk.QualityOfParticipant]
    ? true
    : false,
  qualityOfRoom: true satisfies [Static<typeof Quality.QoeRoom>] extends [Sdk.QualityOfRoom] ? true : false,
  qualityReport: true satisfies [Static<typeof Quality.QoeSession>] extends [Sdk.QualityReport] ? true : false,
  qualityCauses: true satisfies [Static<typeof Quality.QoeCauses>] extends [Sdk.QualityCauses] ? true : false,
} as const;

/** Each fact of the server, with what numbers it, is an event of the SDK. */
type Numbered<Fact> = Fact extends { type: 'facts-lost' | 'bytes-counted' }
  ? Omit<Fact, 'at'> & { seq: number; at: string }
  : Omit<Fact, 'at'> & { seq: number; roomSeq: number; at: string };
type Distributed<Fact> = Fact extends EventFact ? Numbered<Fact> : never;
const events: Distributed<EventFact> extends Sdk.SluiceEvent ? true : false = true;

test("the SDK's types are those of the schemas and of the facts", () => {
  assert.ok(events);
  for (const [name, fits] of Object.entries(same)) assert.ok(fits, name);
});
