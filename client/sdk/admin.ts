import type { Admin, AdminChange } from './api.ts';
import type { RoomContext } from './context.ts';

/** See `Admin` in `api.ts`. Who may do it, and to whom, is the server's to decide. */
export function createAdmin(request: RoomContext['request']): Admin {
  return {
    mute: async (who, ...sources) => (await request('admin-mute', { ...named(who), ...only(sources) })).muted,
    muteAll: async (...sources) => (await request('admin-mute-all', only(sources))).muted,
    async askToUnmute(who, source) {
      await request('admin-ask-unmute', { ...named(who), source });
    },
    async update(who, { grants, ...change }) {
      await request('admin-update', { ...named(who), ...change, ...(grants && { grants: mutable(grants) }) });
    },
    async kick(who, reason) {
      await request('admin-kick', { ...named(who), ...(reason === undefined ? {} : { reason }) });
    },
    async move(who, room) {
      await request('admin-move', { ...named(who), room });
    },
  };
}

/** One presence, where a participant is given; every presence of an identity. */
function named(who: Parameters<Admin['kick']>[0]): { identity: string; participantId?: string } {
  return typeof who === 'string' ? { identity: who } : { identity: who.identity, participantId: who.id };
}

function only<Source>(sources: Source[]): { sources?: Source[] } {
  return sources.length === 0 ? {} : { sources };
}

function mutable({ publish, ...others }: NonNullable<AdminChange['grants']>) {
  return { ...others, ...(publish && { publish: [...publish] }) };
}
