//! What a process takes while it runs: time, processor time, memory.

use anyhow::{Result, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Clock ticks a second in `/proc/<pid>/stat`; Linux shows this number whatever the kernel's own is.
const TICKS: f64 = 100.0;

/// What a process took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// From start to end.
    pub(super) seconds: f64,
    /// User and system time of the process.
    pub(super) cpu_seconds: f64,
    /// The most memory it held.
    pub(super) peak_mib: f64,
}

/// Runs the program, looking at its memory and processor time every 20 ms; its standard output goes to `output`.
pub(super) fn watch(command: &mut Command, output: &Path) -> Result<(Usage, ExitStatus)> {
    let start = Instant::now();
    let mut child = command.stdout(File::create(output)?).spawn()?;
    let folder = PathBuf::from(format!("/proc/{}", child.id()));
    let mut usage = Usage::default();
    let deadline = start + Duration::from_secs(1_800);
    let status = loop {
        usage.look(&folder);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the program takes longer than half an hour");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    usage.seconds = start.elapsed().as_secs_f64();
    Ok((usage, status))
}

/// Runs the program with `input` as its standard input; an exit code other than 0 is an error.
pub(super) fn measure(command: &mut Command, input: Option<&Path>) -> Result<Usage> {
    command.stdin(match input {
        Some(path) => File::open(path)?.into(),
        None => Stdio::null(),
    });
    let (usage, status) = watch(command, Path::new("/dev/null"))?;
    if !status.success() {
        bail!("`{}` ended with {status}", command.get_program().to_string_lossy());
    }
    Ok(usage)
}

/// What a process holds of the machine's memory now, in MiB; 0 where the system does not tell.
pub(crate) fn resident_mib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

impl Usage {
    /// Takes what the process has used so far; nothing where it is gone.
    fn look(&mut self, folder: &Path) {
        let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()) {
            self.peak_mib = self.peak_mib.max(kib / 1024.0);
        }
        let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
        // A shell's programs count as its own.
        let pid = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        self.cpu_seconds = self.cpu_seconds.max(pid.map_or(0.0, tree_seconds));
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_ascii_whitespace();
        let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        self.cpu_seconds = self.cpu_seconds.max(ticks / TICKS);
    }
}

/// Processor time of a server: its own, that of its processes, and of those it has seen end.
pub(super) fn tree_seconds(pid: u32) -> f64 {
    let mut seconds = ticks(pid, 4) / TICKS;
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for task in tasks {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        seconds +=
            children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).map(tree_seconds).sum::<f64>();
    }
    seconds
}

/// The first `count` of user, system, children's user and children's system time.
fn ticks(pid: u32, count: usize) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_ascii_whitespace();
    fields.skip(11).take(count).filter_map(|field| field.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_memory_and_may_have_used_time() {
        let mut usage = Usage::default();
        usage.look(Path::new("/proc/self"));
        assert!(usage.peak_mib > 0.1 && usage.cpu_seconds >= 0.0);
    }
}
