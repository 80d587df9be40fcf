import type { ChoiceShape, Fields, ShapeValue } from './shape.js';
import { bool, field, list, mapping, text } from './shape.js';

/** `NAME: text` or `NAME: {value: text, secret: true}`. */
export const envValue: ChoiceShape = {
  kind: 'choice',
  scalar: text(),
  mapping: mapping({
    value: field(text(), 'The value. `${NAME}` is replaced by an environment variable.', 'value: "${API_TOKEN}"', {
      fallback: 'empty',
      interpolated: true,
    }),
    secret: field(
      bool,
      'Keeps the value out of everything that is stored or shown; `********` stands for it.',
      'value: "${API_TOKEN}"\nsecret: true',
      { fallback: 'false' },
    ),
  }),
};

export const timezones: readonly ShapeValue[] = [
  { value: 'local', doc: 'The time zone of the machine that runs the host.' },
  { value: 'UTC', doc: 'Coordinated universal time.' },
  { value: 'Europe/Berlin', doc: 'Central European time.' },
  { value: 'Europe/London', doc: 'British time.' },
  { value: 'America/New_York', doc: 'US Eastern time.' },
  { value: 'America/Los_Angeles', doc: 'US Pacific time.' },
  { value: 'Asia/Shanghai', doc: 'China standard time.' },
  { value: 'Asia/Tokyo', doc: 'Japan standard time.' },
  { value: 'Asia/Kolkata', doc: 'India standard time.' },
  { value: 'Australia/Sydney', doc: 'Australian Eastern time.' },
];

/** Access to something that is fetched. `sample` makes the examples complete files. */
export function credentialFields(sample: string): Fields {
  return {
    username: field(
      text(),
      'User name for the download.',
      `${sample}\nusername: "\${SOURCE_USER}"\npassword: "\${SOURCE_PASSWORD}"`,
      {
        era: 'head',
        planned: true,
        interpolated: true,
      },
    ),
    password: field(
      text(),
      'Password for the download; exactly one `${NAME}`, never the password itself.',
      `${sample}\nusername: bot\npassword: "\${SOURCE_PASSWORD}"`,
      { era: 'head', planned: true, interpolated: true },
    ),
    token: field(
      text(),
      'Bearer token for the download; exactly one `${NAME}`, never the token itself.',
      `${sample}\ntoken: "\${SOURCE_TOKEN}"`,
      { era: 'head', planned: true, interpolated: true },
    ),
  };
}

export const texts = list(text());
