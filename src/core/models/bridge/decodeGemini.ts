import type { AnswerEvent, StopReason } from './conversation.js';
import type { Decoder } from './decodeAnswer.js';
import { objectAt, objectsAt, textAt } from './fields.js';

/** A stream of Gemini's generateContent. Calls come whole, mostly without an id: they get one that begins with that of the answer. */
export function geminiDecoder(answer: string): Decoder {
  let calls = 0;
  return event => {
    const error = objectAt(event, 'error');
    if (error) return [{ kind: 'failed', message: textAt(error, 'message') }];
    if (textAt(objectAt(event, 'promptFeedback'), 'blockReason') !== '')
      return [{ kind: 'stopped', reason: 'refused' }];
    const [candidate] = objectsAt(event, 'candidates');
    const events: AnswerEvent[] = [];
    for (const part of objectsAt(objectAt(candidate, 'content'), 'parts')) {
      const call = objectAt(part, 'functionCall');
      const text = textAt(part, 'text');
      if (call) {
        calls++;
        const id = textAt(call, 'id') || `${answer}_${calls}`;
        events.push({ kind: 'call', id, tool: textAt(call, 'name') });
        events.push({ kind: 'input', text: JSON.stringify(objectAt(call, 'args') ?? {}) });
      } else if (text !== '' && part['thought'] !== true) events.push({ kind: 'text', text });
    }
    const reason = textAt(candidate, 'finishReason');
    if (reason !== '') events.push({ kind: 'stopped', reason: stopReason(reason, calls > 0) });
    return events;
  };
}

function stopReason(reason: string, called: boolean): StopReason {
  switch (reason) {
    case 'MAX_TOKENS':
      return 'length';
    case 'SAFETY':
    case 'RECITATION':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
      return 'refused';
    default:
      return called ? 'tool' : 'end';
  }
}
