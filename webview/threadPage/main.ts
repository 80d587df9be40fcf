import '../../src/protocol/webview/strictPolicy.js';
import { registerToolkit } from '../shared/toolkit.js';
import './threadPage.css';
import './threadPage.js';

registerToolkit();
