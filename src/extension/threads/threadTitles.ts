import { marksOfNamesakes } from '../../base/namesakes.js';
import { shortId } from '../../protocol/displayFormat.js';
import { projectNameOf, projectNames, type NamedProject } from '../../protocol/projectNames.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';

/** So much of a title leaves room for what the thread does, in a side bar of the usual width. */
const maximumTitle = 24;
/** Tabs are narrow. */
const maximumTab = 40;

/** What tells threads of this window apart that are called alike, whole and as rows cut it, and what its projects are called. */
interface Marks {
  readonly whole: ReadonlyMap<string, string>;
  readonly cut: ReadonlyMap<string, string>;
  readonly projects: ReadonlyMap<string, string>;
}

const noMarks: Marks = { whole: new Map(), cut: new Map(), projects: new Map() };
/** They are on the process, because what is loaded later is a bundle with modules of its own. Written by {@link tellApart} alone. */
const noted = Symbol.for('muster.threadMarks');

function marks(): Marks {
  const found: unknown = Reflect.get(globalThis, noted);
  return isMarks(found) ? found : noMarks;
}

function isMarks(value: unknown): value is Marks {
  return (
    typeof value === 'object' &&
    value !== null &&
    'whole' in value &&
    value.whole instanceof Map &&
    'cut' in value &&
    value.cut instanceof Map &&
    'projects' in value &&
    value.projects instanceof Map
  );
}

/** Finds out which of the threads and projects that a person sees are called alike. */
export function tellApart(threads: readonly Thread[], projects: readonly NamedProject[]): void {
  const named = (name: (thread: Thread) => string) => threads.map(thread => ({ id: thread.id, name: name(thread) }));
  const found: Marks = {
    whole: marksOfNamesakes(named(taskTitle)),
    cut: marksOfNamesakes(named(shortTitle)),
    projects: projectNames(projects),
  };
  Reflect.set(globalThis, noted, found);
}

/** A project as it is told from the others of the window: by its name, and by its place where names are equal. */
export function projectTitle({ id, name }: { readonly id: string; readonly name: string }): string {
  return projectNameOf({ projectId: id, projectName: name }, marks().projects);
}

/** `shop/dev`: an agent where threads of several projects are shown. */
export function agentTitle(of: {
  readonly projectId: string;
  readonly projectName: string;
  readonly agent: string;
}): string {
  return `${projectNameOf(of, marks().projects)}/${of.agent}`;
}

/** The thread's project where the window has several; otherwise empty. */
export function projectMark({ projectId, projectName }: Thread): string {
  const { projects } = marks();
  return projects.size > 1 ? projectNameOf({ projectId, projectName }, projects) : '';
}

/** The thread's task in one line, as it was given. Not what a person is to recognise it by: others may be called the same. */
export function taskTitle({ id, summary }: Thread): string {
  const line = summary.split('\n', 1)[0]?.trim() ?? '';
  return line === '' ? shortId(id) : line;
}

/** The thread's task in one line, with what tells it apart when another one is called alike: `Fix the test (3f2a)`. */
export function threadTitle(thread: Thread): string {
  return withMark(taskTitle(thread), marks().whole.get(thread.id));
}

/** The title for rows: cut between words, so that what stands behind it stays in view. {@link rowMark} belongs behind it. */
export function shortTitle(thread: Thread): string {
  const title = taskTitle(thread);
  if (title.length <= maximumTitle) return title;
  const cut = title.slice(0, maximumTitle);
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > maximumTitle / 2 ? space : maximumTitle - 1).trimEnd()}…`;
}

/** What tells a row apart from those that look alike; empty for none. */
export function rowMark({ id }: Thread): string {
  return marks().cut.get(id) ?? '';
}

/** The title for a tab. */
export function tabTitle(thread: Thread): string {
  const title = taskTitle(thread);
  const cut = title.length <= maximumTab ? title : `${title.slice(0, maximumTab - 1)}…`;
  return withMark(cut, marks().whole.get(thread.id));
}

function withMark(title: string, mark: string | undefined): string {
  return mark === undefined ? title : `${title} (${mark})`;
}
