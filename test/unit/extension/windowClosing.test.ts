import { expect, test, vi } from 'vitest';

test('what was loaded later hears that the window closes, and a window that opens afterwards is not closed', async () => {
  const first = await import('../../../src/extension/windowClosing.js');
  vi.resetModules();
  const later = await import('../../../src/extension/windowClosing.js');
  expect(later).not.toBe(first);
  first.closeWindow();
  expect(later.windowClosing.aborted).toBe(true);
  vi.resetModules();
  const again = await import('../../../src/extension/windowClosing.js');
  expect(again.windowClosing.aborted).toBe(false);
});
