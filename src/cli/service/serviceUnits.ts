/** What starts the host when its user logs in, as each system wants it written. Pure: text in, text out. */
export interface ServiceFacts {
  /** Absolute path of a `muster` that is still there after an update, and that brings its own Node. */
  readonly launcher: string;
  /** Absolute path of the state directory. */
  readonly stateDir: string;
  /** More words for `muster daemon`, such as `--listen 127.0.0.1:7410`. */
  readonly options: readonly string[];
}

export const serviceName = 'muster';
export const launchdLabel = 'dev.muster.host';

/**
 * A unit of systemd for the user. Agents outlive the host (`KillMode=process`), and while another host has the state directory
 * it is tried again.
 */
export function systemdUnit({ launcher, stateDir, options }: ServiceFacts): string {
  // Only in a command is `$` the beginning of a variable.
  const command = [launcher, 'daemon', ...options].map(word => systemdQuoted(word.replaceAll('$', '$$$$'))).join(' ');
  return `[Unit]
Description=Muster, which runs coding agents by their schedules

[Service]
ExecStart=${command}
Environment=${systemdQuoted(`MUSTER_HOME=${stateDir}`)}
KillMode=process
Restart=on-failure
RestartSec=30

[Install]
WantedBy=default.target
`;
}

/** Spaces, quotes and `%` mean something to systemd. */
function systemdQuoted(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** A property list for launchd. `AbandonProcessGroup`: agents outlive the host. */
export function launchdPlist({ launcher, stateDir, options }: ServiceFacts): string {
  const words = [launcher, 'daemon', ...options].map(word => `    <string>${xml(word)}</string>`).join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${launchdLabel}</string>
  <key>ProgramArguments</key>
  <array>
${words}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>MUSTER_HOME</key>
    <string>${xml(stateDir)}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>AbandonProcessGroup</key>
  <true/>
</dict>
</plist>
`;
}

/**
 * A task of Windows' Task Scheduler. It has no environment of its own: the state directory is set by `cmd`. It names its user, because one
 * that starts when anybody logs in is for administrators to make. It is started again 255 times, which is the most that its schema has.
 */
export function scheduledTask({ launcher, stateDir, options }: ServiceFacts, user: string): string {
  const command = [launcher, 'daemon', ...options].map(windowsQuoted).join(' ');
  const line = `/d /s /c "set "MUSTER_HOME=${stateDir}" && ${command}"`;
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Muster, which runs coding agents by their schedules</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled><UserId>${xml(user)}</UserId></LogonTrigger></Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${xml(user)}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>255</Count></RestartOnFailure>
    <Hidden>true</Hidden>
  </Settings>
  <Actions Context="Author">
    <Exec><Command>cmd.exe</Command><Arguments>${xml(line)}</Arguments></Exec>
  </Actions>
</Task>
`;
}

function windowsQuoted(text: string): string {
  return `"${text.replaceAll('"', '')}"`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
