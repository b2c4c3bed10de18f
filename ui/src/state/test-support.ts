/** For tests: rows and a host that answers what the test says and fails on everything else. */
import type { Conversation, Host, Message } from '../ipc/host';

export function conversation(id: number, change: Partial<Conversation> = {}): Conversation {
  return {
    id,
    account: 1,
    business: 1,
    platform: 'instagram',
    remote_id: `c${id}`,
    name: `Person ${id}`,
    username: null,
    participant: `p${id}`,
    avatar: null,
    state: { kind: 'open' },
    unread: 0,
    unanswered: true,
    waiting_since: id,
    last: { id, at: id, direction: 'in', kind: 'text', text: 'Hello', send_state: null },
    draft: null,
    window: { kind: 'none' },
    read_up_to: null,
    messages: 1,
    archived: false,
    ...change,
  };
}

export function at(id: number, time: number): Conversation {
  return conversation(id, { last: { id: time, at: time, direction: 'in', kind: 'text', text: 'Hello', send_state: null } });
}

export function message(id: number, change: Partial<Message> = {}): Message {
  return {
    id,
    conversation: 1,
    remote_id: `m${id}`,
    direction: 'in',
    origin: 'remote',
    at: id * 1000,
    kind: 'text',
    text: `Text ${id}`,
    attachments: [],
    reactions: [],
    reply_to: null,
    send: null,
    ...change,
  };
}

export function host(answers: Partial<Host>): Host {
  return new Proxy({} as Host, {
    get: (_, name) => {
      const answer: unknown = Reflect.get(answers, name);
      if (answer === undefined) throw new Error(`the test did not expect ${String(name)}`);
      return answer;
    },
  });
}
