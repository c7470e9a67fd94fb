import { noContent } from '../http/message.ts';
import { type Route, route } from './route.ts';
import { LeaveBody } from './schemas.ts';

/** Who has sessions of signaling, see `Signaling.leave`. */
export type SessionDesk = { leave(session: string, secret: string): void };

/** What a client does outside its socket. */
export function sessionRoutes(desk: SessionDesk): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/sessions/:session/leave',
      operationId: 'leave',
      summary:
        'Leave the room at once: for a page that ends, whose last message over the socket may be lost. 204 also where the session has ended.',
      scope: 'anyone',
      body: LeaveBody,
      // What `navigator.sendBeacon` sends without asking the server first.
      bodyTypes: ['application/json', 'text/plain'],
      success: { status: 204 },
      errors: ['forbidden'],
      handle({ params, body }) {
        desk.leave(params['session'] ?? '', body.secret);
        return noContent();
      },
    }),
  ];
}
