import { expect, test } from 'vitest';
import { composeTemplates, fillTemplate } from '../../../src/extension/projects/composeTemplates.js';
import { read } from '../compose/readCompose.js';

test.each(composeTemplates().map(({ label, yaml }) => ({ label, yaml })))(
  'the first file of $label has no problem',
  ({ yaml }) => {
    const { diagnostics, spec } = read(fillTemplate(yaml, 'My Shop'));
    expect(diagnostics).toEqual([]);
    expect(spec?.name).toBe('my-shop');
  },
);

test('of two agents one does hand its work to the other, as is promised', () => {
  const two = composeTemplates().find(({ label }) => label === 'Two agents');
  const { spec } = read(fillTemplate(two?.yaml ?? '', 'shop'));
  const [dev, reviewer] = spec?.agents ?? [];
  expect(dev).toMatchObject({ name: 'dev', handoff: { onResponse: ['reviewer'] } });
  expect(reviewer).toMatchObject({ name: 'reviewer', workspace: { provider: 'thread', access: 'read' } });
});
