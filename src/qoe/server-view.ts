/** What the server itself sees of a session, in the form in which rooms tell it. */
export type { ConsumerView, LinkView, ProducerView } from '../rooms/media-view.ts';
