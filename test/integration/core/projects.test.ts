import { describe, expect, test } from 'vitest';
import type { ProjectSpec } from '../../../src/compose/projectSpec.js';
import { isConsented } from '../../../src/core/projects/consent.js';
import { findProject, projectOfFolder, type Application } from '../../../src/core/projects/projectService.js';
import { coreWorld, projectService, waitingAgent } from '../../support/coreHost.ts';
import { specOf } from '../../support/projectSpecs.ts';

const plain = specOf('name: shop\nagents: {dev: {provider: claude}}');
const dangerous = specOf('name: shop\nagents: {dev: {provider: claude, permissions: auto}}');

function setUp() {
  const world = coreWorld();
  const service = projectService(world);
  const apply = (spec: ProjectSpec, more: Partial<Application> = {}) =>
    service.apply({
      file: '/work/agent-compose.yml',
      folder: '/work',
      spec,
      specHash: `sha256:${JSON.stringify(spec).length}`,
      consent: false,
      dryRun: false,
      ...more,
    });
  return { ...world, service, apply };
}

describe('applying', () => {
  test('the same file twice is one revision, a change is the next, and the first stays on record', () => {
    const { apply } = setUp();
    expect(apply(plain)).toMatchObject({ applied: true, unchanged: false, project: { revision: 1 } });
    expect(apply(plain)).toMatchObject({ applied: true, unchanged: true, project: { revision: 1 } });
    const changed = specOf('name: shop\nagents: {dev: {provider: claude, model: opus}, reviewer: {provider: codex}}');
    const applied = apply(changed);
    expect(applied.project.revision).toBe(2);
    expect(applied.changes.map(({ action, resource, name }) => `${action} ${resource} ${name}`)).toEqual([
      'updated project shop',
      'updated agent dev',
      'created agent reviewer',
    ]);
  });

  test('a dry run tells the changes and writes nothing', () => {
    const { apply, store } = setUp();
    expect(apply(dangerous, { dryRun: true })).toMatchObject({ applied: false });
    expect(store.read(stores => stores.projects.byFile('/work/agent-compose.yml'))).toBeUndefined();
  });

  test('what was changed by somebody else meanwhile is a conflict', () => {
    const { apply } = setUp();
    const { project } = apply(plain);
    apply(specOf('name: shop\nagents: {dev: {provider: codex, model: x}}'));
    expect(() => apply(plain, { expectedHash: project.specHash })).toThrow(
      expect.objectContaining({ code: 'project.conflict' }),
    );
  });
});

describe('consent', () => {
  test('is asked for with the reasons, holds while they stay the same, and not for more', () => {
    const { apply } = setUp();
    expect(() => apply(dangerous)).toThrow(
      expect.objectContaining({ code: 'consent.required', message: expect.stringContaining('permissions: auto') }),
    );
    expect(apply(dangerous, { consent: true }).project.consent).toBeDefined();
    const renamed = specOf('name: shop\nagents: {dev: {provider: claude, permissions: auto, model: opus}}');
    expect(apply(renamed).applied).toBe(true);
    const more = specOf(
      'name: shop\nagents: {dev: {provider: claude, permissions: auto}, other: {provider: codex, permissions: auto}}',
    );
    expect(() => apply(more)).toThrow(expect.objectContaining({ code: 'consent.required' }));
  });

  test('to a command is not consent to the same command with other arguments', () => {
    const spec = specOf(waitingAgent);
    const { apply } = setUp();
    const { consent } = apply(spec, { consent: true }).project;
    expect(isConsented(spec, consent)).toBe(true);
    expect(isConsented(specOf(waitingAgent.replace('true', 'false')), consent)).toBe(false);
  });
});

describe('finding', () => {
  test('the closest project of a folder, never one whose name is only the beginning', () => {
    const { apply, store } = setUp();
    apply(plain);
    apply(plain, { file: '/work/inner/agent-compose.yml', folder: '/work/inner' });
    const folderOf = (folder: string): string => store.read(stores => projectOfFolder(stores, folder)).folder;
    expect(folderOf('/work/src')).toBe('/work');
    expect(folderOf('/work/inner/src')).toBe('/work/inner');
    expect(() => folderOf('/workshop')).toThrow(expect.objectContaining({ code: 'project.unknown' }));
  });

  test('a name that fits two says which', () => {
    const { apply, store } = setUp();
    apply(plain);
    apply(plain, { file: '/clone/agent-compose.yml', folder: '/clone' });
    expect(() => store.read(stores => findProject(stores, 'shop'))).toThrow(/\/clone\/agent-compose\.yml/);
  });

  test('a removed project is found by its file only, and comes back when applied', () => {
    const { apply, service, store } = setUp();
    const { project } = apply(plain);
    service.remove(project.id);
    expect(() => store.read(stores => findProject(stores, project.id))).toThrow(
      expect.objectContaining({ code: 'project.unknown' }),
    );
    expect(service.remove({ file: project.file }).unchanged).toBe(true);
    expect(apply(plain).project).toMatchObject({ id: project.id, revision: 2 });
    expect(store.read(stores => findProject(stores, project.id)).removedAt).toBeUndefined();
  });
});
