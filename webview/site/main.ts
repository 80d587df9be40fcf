import '../../src/protocol/webview/strictPolicy.js';
import { registerToolkit } from '../shared/toolkit.js';
import './theme.css';
import '../board/board.css';
import '../threadPage/followUp.css';
import '../threadPage/threadPage.css';
import './site.css';
import './siteApp.js';

registerToolkit();
