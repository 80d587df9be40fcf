import { recordField, recordsField, textField } from '../../../base/unknownFields.js';
import type { AnswerEvent, StopReason } from './conversation.js';
import type { Decoder } from './decodeAnswer.js';

/** A stream of Gemini's generateContent. Calls come whole, mostly without an id: they get one that begins with that of the answer. */
export function geminiDecoder(answer: string): Decoder {
  let calls = 0;
  return event => {
    const error = recordField(event, 'error');
    if (error) return [{ kind: 'failed', message: textField(error, 'message') }];
    if (textField(recordField(event, 'promptFeedback'), 'blockReason') !== '')
      return [{ kind: 'stopped', reason: 'refused' }];
    const [candidate] = recordsField(event, 'candidates');
    const events: AnswerEvent[] = [];
    for (const part of recordsField(recordField(candidate, 'content'), 'parts')) {
      const call = recordField(part, 'functionCall');
      const text = textField(part, 'text');
      if (call) {
        calls++;
        const id = textField(call, 'id') || `${answer}_${calls}`;
        events.push({ kind: 'call', id, tool: textField(call, 'name') });
        events.push({ kind: 'input', text: JSON.stringify(recordField(call, 'args') ?? {}) });
      } else if (text !== '' && part['thought'] !== true) events.push({ kind: 'text', text });
    }
    const reason = textField(candidate, 'finishReason');
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
