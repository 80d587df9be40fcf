import { schemas } from './schemas.js';

/**
 * What a workflow finds around it. Unlike a scheduler's script it goes on while agents work: a call is begun, and its promise is
 * settled when the worker delivers what the host made of it. As in the other prelude, the host trusts nothing of it.
 */
export const workflowPrelude = String.raw`(function (host, digest) {
  'use strict';
  const pending = new Map();
  const times = new Map();
  const names = new Set();
  let current;

  function call(name, ...args) {
    const answer = JSON.parse(host(name, JSON.stringify(args)));
    if ('error' in answer) throw new Error(answer.error);
    return answer.value;
  }

  const begin = (name, ...args) => new Promise((resolve, reject) => {
    pending.set(call('begin', name, args), { resolve, reject });
  });

  /** The same for the same call each time the workflow runs: by this an earlier answer is found. */
  function keyOf(parts, chosen) {
    const hash = digest(JSON.stringify(parts));
    const count = (times.get(hash) ?? 0) + 1;
    times.set(hash, count);
    const key = chosen === undefined ? hash.slice(0, 16) + '-' + count : String(chosen);
    if (names.has(key)) throw new Error('two calls of the workflow have the key ' + JSON.stringify(key));
    names.add(key);
    return { key, inputHash: hash };
  }

  function log(message) {
    const text = typeof message === 'string' ? message : JSON.stringify(message) ?? 'undefined';
    call('log', text === '' ? ' ' : text);
  }

  async function agent(prompt, options = {}) {
    if (typeof prompt !== 'string' || prompt.trim() === '') throw new TypeError('agent requires a prompt');
    const { key, schema, outputSchema = schema, phase = current, label, ...rest } = options;
    const isOurs = typeof outputSchema?.toJSONSchema === 'function';
    const wanted = isOurs ? outputSchema.toJSONSchema() : outputSchema;
    const named = keyOf([prompt, rest, wanted ?? null], key);
    const answer = await begin('agent', prompt, { ...rest, ...named, phase, label, outputSchema: wanted });
    if (wanted === undefined) return answer.text;
    return isOurs ? outputSchema.parse(answer.json) : answer.json;
  }

  async function attempt(work) {
    try {
      return await work();
    } catch (error) {
      log('failed: ' + String(error?.message ?? error));
      return null;
    }
  }

  async function parallel(thunks) {
    if (!Array.isArray(thunks) || thunks.some(thunk => typeof thunk !== 'function'))
      throw new TypeError('parallel requires a list of functions');
    return await Promise.all(thunks.map(attempt));
  }

  /** Each item goes through all stages by itself; one that fails is null. */
  async function pipeline(items, ...stages) {
    if (!Array.isArray(items) || stages.some(stage => typeof stage !== 'function'))
      throw new TypeError('pipeline requires a list and functions');
    return await Promise.all(items.map((item, index) => attempt(async () => {
      let value = item;
      for (const stage of stages) value = await stage(value, item, index);
      return value;
    })));
  }

  function phase(title, body) {
    if (typeof title !== 'string' || title === '') throw new TypeError('phase requires a title');
    call('phase', title);
    const before = current;
    current = title;
    if (body === undefined) return undefined;
    return Promise.resolve().then(body).finally(() => { current = before; });
  }

  async function workflow(name, args) {
    const wanted = typeof name === 'string' ? name : name?.name;
    if (typeof wanted !== 'string' || wanted === '') throw new TypeError('workflow requires a name');
    return await begin('workflow', wanted, args ?? null, keyOf(['workflow', wanted, args ?? null]));
  }

${schemas}

  const refused = what => {
    throw new Error(what + ' is not there in a workflow: it would be another one when the workflow is resumed');
  };
  const RealDate = Date;
  function FixedDate(...given) {
    if (new.target === undefined || given.length === 0) refused('the present time');
    return Reflect.construct(RealDate, given, new.target);
  }
  FixedDate.prototype = RealDate.prototype;
  RealDate.prototype.constructor = FixedDate;
  Object.assign(FixedDate, { now: () => refused('Date.now'), parse: RealDate.parse, UTC: RealDate.UTC });
  Math.random = () => refused('Math.random');
  delete globalThis.performance;

  const surroundings = call('begun');
  const budget = Object.freeze({
    total: surroundings.budget,
    spent: () => call('budget.spent'),
    remaining: () => (surroundings.budget === null ? Infinity : Math.max(0, surroundings.budget - call('budget.spent'))),
  });
  const told = (...words) => log(words.map(word => (typeof word === 'string' ? word : JSON.stringify(word) ?? 'undefined')).join(' '));
  Object.assign(globalThis, {
    Date: FixedDate, agent, parallel, pipeline, phase, log, workflow, budget, z,
    cwd: surroundings.cwd, args: surroundings.args,
    console: { log: told, info: told, debug: told, warn: told, error: told },
  });

  return {
    deliver(id, answer) {
      const waiting = pending.get(id);
      pending.delete(id);
      const { value, error } = JSON.parse(answer);
      if (error === undefined) waiting.resolve(value);
      else waiting.reject(new Error(error));
    },
    async start(body) {
      const result = await body();
      return result === undefined ? undefined : JSON.stringify(result);
    },
  };
})`;
