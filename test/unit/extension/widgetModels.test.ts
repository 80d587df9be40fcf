import { describe, expect, test } from 'vitest';
import { WidgetModels } from '../../../src/extension/notebooks/widgetModels.js';

const open = (id: string, state: unknown) => ({ comm_id: id, target_name: 'jupyter.widget', data: { state } });
const update = (id: string, state: unknown) => ({ comm_id: id, data: { method: 'update', state } });

describe('the text of a widget', () => {
  test('is where its progress is, as it goes on, with what stands beside it', () => {
    const models = new WidgetModels();
    models.say('comm_open', open('label', { _model_name: 'HTMLModel', value: 'Loading <b>&lt;all&gt;</b>:' }));
    models.say(
      'comm_open',
      open('bar', { _model_name: 'FloatProgressModel', value: 0, min: 0, max: 8, description: '' }),
    );
    models.say('comm_open', open('box', { _model_name: 'HBoxModel', children: ['IPY_MODEL_label', 'IPY_MODEL_bar'] }));
    expect(models.textOf('box')).toMatch(/^Loading <all>: ░{30} 0%$/);
    expect(models.say('comm_msg', update('bar', { value: 4 }))).toBe(true);
    expect(models.textOf('box')).toMatch(/^Loading <all>: █{15}░{15} 50%$/);
    models.say('comm_msg', update('bar', { value: 99 }));
    expect(models.textOf('box')).toContain('100%');
  });

  test('is the values of other widgets', () => {
    const models = new WidgetModels();
    const shown = (state: unknown) => {
      models.say('comm_open', open('w', state));
      return models.textOf('w');
    };
    expect(shown({ _model_name: 'IntSliderModel', value: 7, description: 'n' })).toBe('n 7');
    expect(shown({ _model_name: 'DropdownModel', index: 1, _options_labels: ['a', 'b'], description: '' })).toBe('b');
    expect(shown({ _model_name: 'ButtonModel', description: 'Go' })).toBe('[Go]');
    expect(shown({ _model_name: 'CheckboxModel', value: true, description: 'on' })).toBe('on ☑');
    expect(shown({ _model_name: 'IntRangeSliderModel', value: [1, 5] })).toBe('1 – 5');
    expect(shown({ _model_name: 'LayoutModel' })).toBeUndefined();
  });

  test('is none of what is no widget, is unknown, or holds itself', () => {
    const models = new WidgetModels();
    expect(models.say('comm_open', { comm_id: 'x', target_name: 'other', data: { state: { value: 1 } } })).toBe(false);
    expect(models.say('comm_msg', update('x', { value: 1 }))).toBe(false);
    expect(models.say('comm_open', null)).toBe(false);
    expect(models.textOf('x')).toBeUndefined();
    models.say(
      'comm_open',
      open('loop', { _model_name: 'VBoxModel', children: ['IPY_MODEL_loop', 7, 'IPY_MODEL_none'] }),
    );
    expect(models.textOf('loop')).toBeUndefined();
    models.clear();
    expect(models.textOf('loop')).toBeUndefined();
  });
});
