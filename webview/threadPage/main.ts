import '../../src/protocol/webview/strictPolicy.js';
import { registerToolkit } from '../shared/toolkit.js';
import './followUp.css';
import './threadPage.css';
import './threadPage.js';

registerToolkit();
