import '../../src/protocol/webview/strictPolicy.js';
import { registerToolkit } from '../shared/toolkit.js';
import './board.css';
import './board.js';

registerToolkit();
