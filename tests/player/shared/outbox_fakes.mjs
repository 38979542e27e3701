// What tests of the outbox share: answers, and what a server makes of them.

// A page that shows nothing of its outbox.
export const NOTHING = { onChange() {}, onSaved() {} };

export function answer(uuid) {
  return { uuid, ticket: `ticket of ${uuid}`, answer: "label", label: "happy" };
}

// The server took every answer.
export function saved({ answers }) {
  return { results: answers.map(() => ({ status: "saved" })), saved: answers.length, annotator: 7 };
}

export function uuids({ message }) {
  return message.answers.map(({ uuid }) => uuid);
}

export const noConnection = new TypeError("Failed to fetch");
