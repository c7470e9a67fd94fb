import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { ChatMessage, Room } from '../../sdk/api.ts';
import { IconButton } from '../ui/button.tsx';
import { classes } from '../ui/classes.ts';
import { CloseIcon, SendIcon } from '../ui/icons.tsx';
import { codeOf } from './capture.ts';
import { groupMessages } from './chat-groups.ts';
import { sentenceFor } from './failures.ts';

const LONGEST = 4_096;
/** From here on the characters that are left are shown. */
const COUNT_FROM = 3_600;

/** What was said in writing. Everything in it is text: nothing that anybody writes becomes markup or a link. */
export function ChatPanel({ room, onClose }: { room: Room; onClose: () => void }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!hasKeyboard() || !room.self.grants.data) heading.current?.focus();
  }, []);
  useStickToEnd(list, room.chat.at(-1)?.id);
  return (
    <>
      <header class="panel-header">
        <h2 ref={heading} tabIndex={-1}>
          Chat
        </h2>
        <IconButton icon={CloseIcon} label="Close chat" tone="quiet" tip="none" onClick={onClose} />
      </header>
      <div
        class="chat-list"
        ref={list}
        role="log"
        aria-live="polite"
        aria-label="Messages"
        tabIndex={0}
        data-testid="chat-list"
      >
        {room.chat.length === 0 && <p class="chat-empty">Nobody has written anything since you joined.</p>}
        <ol>
          {groupMessages(room.chat).map((group) => (
            <MessageGroup key={group[0]?.id} group={group} own={group[0]?.identity === room.self.identity} />
          ))}
        </ol>
      </div>
      {room.self.grants.data ? (
        <ChatForm room={room} />
      ) : (
        <p class="chat-closed">Your link lets you read the chat, but not write.</p>
      )}
    </>
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

function MessageGroup({ group, own }: { group: readonly ChatMessage[]; own: boolean }): JSX.Element {
  const first = group[0];
  const at = new Date(first?.at ?? 0);
  return (
    <li class={classes('chat-group', own && 'chat-own')}>
      <p class="chat-who">
        <strong>{own ? 'You' : first?.name}</strong> <time dateTime={at.toISOString()}>{TIME.format(at)}</time>
      </p>
      {group.map((message) => (
        <p class="chat-text" key={message.id} dir="auto" data-testid="chat-message">
          {message.text}
        </p>
      ))}
    </li>
  );
}

function ChatForm({ room }: { room: Room }): JSX.Element {
  const [draft, setDraft] = useState('');
  const [error, setError] = useState<string>();
  const [sending, setSending] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (hasKeyboard()) input.current?.focus();
  }, []);
  useGrowing(input, draft);
  const send = async (): Promise<void> => {
    const text = draft.trim();
    if (text === '' || sending) return;
    setSending(true);
    try {
      await room.sendChat(text);
      setDraft('');
      setError(undefined);
    } catch (failure) {
      setError(sentenceFor(codeOf(failure), failure instanceof Error ? failure.message : ''));
    }
    setSending(false);
    input.current?.focus();
  };
  return (
    <form
      class="chat-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {error !== undefined && (
        <p class="chat-error" role="alert" data-testid="chat-error">
          Not sent. {error}
        </p>
      )}
      <div class="chat-input">
        <textarea
          ref={input}
          rows={1}
          maxLength={LONGEST}
          value={draft}
          placeholder="Write to everyone"
          aria-label="Message to everyone"
          data-testid="chat-input"
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            // While an input method composes, Enter belongs to it.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        <IconButton
          icon={SendIcon}
          label="Send"
          tone="quiet"
          tip="none"
          data-testid="chat-send"
          aria-disabled={draft.trim() === ''}
          onClick={() => void send()}
        />
      </div>
      {draft.length >= COUNT_FROM && <p class="chat-count">{LONGEST - draft.length} characters left</p>}
    </form>
  );
}

/** On a touch screen, the focus would bring up a keyboard over what one came to read. */
function hasKeyboard(): boolean {
  return matchMedia('(hover: hover)').matches;
}

/** Scrolls to the newest message, unless one has scrolled up to read. */
function useStickToEnd(list: { current: HTMLElement | null }, newest: string | undefined): void {
  const atEnd = useRef(true);
  useEffect(() => {
    const element = list.current;
    if (!element) return undefined;
    const scrolled = (): void => {
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 48;
    };
    element.addEventListener('scroll', scrolled, { passive: true });
    return () => element.removeEventListener('scroll', scrolled);
  }, []);
  useLayoutEffect(() => {
    if (atEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [newest]);
}

/** Makes the text field as high as its text, up to the limit of its style. */
function useGrowing(input: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    if (!input.current) return;
    input.current.style.height = 'auto';
    input.current.style.height = `${input.current.scrollHeight}px`;
  }, [text]);
}
