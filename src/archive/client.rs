//! The side that asks: starts the reader process, waits only so long, and says what happened when no answer comes.

use super::error::Error;
use super::serve::{MOST_SECONDS, Server};
use super::wire::{Head, Node, Question};
use rustix::event::{PollFd, PollFlags, poll};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// No answer is longer: a process that says so is out of its mind.
const MOST_BYTES: usize = 1 << 30;

/// How files are opened.
#[derive(Clone, Debug)]
pub enum Reading {
    /// In a process of its own: `exe` is the striae program, `patience` how long it may take for an answer.
    Isolated { exe: PathBuf, patience: Duration },
    /// In this process. For files that nobody else could have touched: a hostile file can crash or hang the library.
    Direct,
}

impl Reading {
    /// In a process of its own, with the usual patience of 60 s.
    #[must_use]
    pub const fn isolated(exe: PathBuf) -> Self {
        Self::Isolated { exe, patience: Duration::from_mins(1) }
    }
}

/// A file that can be asked.
pub struct Client {
    path: PathBuf,
    inner: Inner,
}

enum Inner {
    Process(Process),
    Direct(Box<Server>),
}

struct Process {
    child: Child,
    questions: Option<ChildStdin>,
    answers: ChildStdout,
    patience: Duration,
    /// Read from the pipe and not yet used.
    ahead: Vec<u8>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("path", &self.path).finish_non_exhaustive()
    }
}

enum Silence {
    Ended,
    TooLong,
    Fault(std::io::Error),
}

impl Process {
    fn start(path: &Path, exe: &Path, patience: Duration) -> std::io::Result<Self> {
        let mut child = Command::new(exe)
            .arg("__read-hdf5")
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .env("HDF5_USE_FILE_LOCKING", "BEST_EFFORT")
            // It makes room for a piece of some MiB again and again: glibc is to keep it, which halves the time of reading.
            .env("MALLOC_MMAP_THRESHOLD_", "268435456")
            .env("MALLOC_TRIM_THRESHOLD_", "268435456")
            .spawn()?;
        let questions = child.stdin.take();
        let Some(answers) = child.stdout.take() else { return Err(std::io::Error::other("no pipe to the reader process")) };
        // Fewer turns for the same bytes. Systems that do not allow it have the usual pipe.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&answers, 1 << 20);
        Ok(Self { child, questions, answers, patience, ahead: Vec::new() })
    }

    /// Reads some bytes, waiting until `deadline` at most.
    fn some(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, Silence> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Silence::TooLong);
            }
            let time = rustix::event::Timespec::try_from(left).ok();
            let mut pipe = [PollFd::new(&self.answers, PollFlags::IN)];
            match poll(&mut pipe, time.as_ref()) {
                Ok(0) => return Err(Silence::TooLong),
                Ok(_) => match self.answers.read(buffer) {
                    Ok(0) => return Err(Silence::Ended),
                    Ok(n) => return Ok(n),
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(e) => return Err(Silence::Fault(e)),
                },
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(Silence::Fault(e.into())),
            }
        }
    }

    /// Asks, and puts the answer where `room` says for its length.
    fn ask<T>(
        &mut self,
        question: &Question,
        room: impl FnOnce(usize) -> Result<T, String>,
        bytes: impl FnOnce(&mut T) -> &mut [u8],
    ) -> Result<Result<T, String>, Silence> {
        let deadline = Instant::now() + self.patience;
        let mut line = serde_json::to_vec(question).map_err(|e| Silence::Fault(e.into()))?;
        line.push(b'\n');
        let sent = self.questions.as_mut().map_or(Ok(()), |q| q.write_all(&line).and_then(|()| q.flush()));
        if sent.is_err() {
            return Err(Silence::Ended);
        }
        let end = loop {
            if let Some(end) = self.ahead.iter().position(|&b| b == b'\n') {
                break end;
            }
            if self.ahead.len() > 1 << 20 {
                return Err(Silence::Fault(std::io::Error::other("the reader process does not speak as agreed")));
            }
            let mut buffer = [0; 4096];
            let n = self.some(&mut buffer, deadline)?;
            self.ahead.extend_from_slice(&buffer[..n]);
        };
        let head: Head = serde_json::from_slice(&self.ahead[..end]).map_err(|e| Silence::Fault(e.into()))?;
        self.ahead.drain(..=end);
        let length = match head {
            Head::Refused(text) => return Ok(Err(text)),
            Head::Bytes(length) if length <= MOST_BYTES => length,
            Head::Bytes(length) => {
                return Err(Silence::Fault(std::io::Error::other(format!("the reader process announced {length} bytes"))));
            }
        };
        let mut answer = match room(length) {
            Ok(answer) => answer,
            Err(text) => return Err(Silence::Fault(std::io::Error::other(text))),
        };
        let bytes = bytes(&mut answer);
        let mut filled = self.ahead.len();
        if filled > length {
            return Err(Silence::Fault(std::io::Error::other("the reader process does not speak as agreed")));
        }
        bytes[..filled].copy_from_slice(&self.ahead);
        self.ahead.clear();
        while filled < length {
            filled += self.some(&mut bytes[filled..], deadline)?;
        }
        Ok(Ok(answer))
    }
}

impl Process {
    /// What an answer, or none, means.
    fn understand<T>(
        &mut self,
        answer: Result<Result<T, String>, Silence>,
        file: String,
        question: &Question,
    ) -> Result<T, Error> {
        let doing = question.doing();
        match answer {
            Ok(answer) => answer.map_err(|text| Error::Refused { file, text }),
            Err(Silence::TooLong) => {
                let _ = self.child.kill();
                Err(Error::Hung { file, seconds: self.patience.as_secs(), doing })
            }
            Err(Silence::Fault(e)) => {
                // Nobody knows what else is in the pipe.
                let _ = self.child.kill();
                Err(Error::Crashed { file, how: e.to_string(), doing })
            }
            Err(Silence::Ended) => {
                let status = self.child.wait();
                if status.as_ref().is_ok_and(|s| s.signal() == Some(rustix::process::Signal::XCPU.as_raw())) {
                    return Err(Error::Endless { file, seconds: MOST_SECONDS, doing });
                }
                if status.as_ref().is_ok_and(|s| s.signal() == Some(rustix::process::Signal::KILL.as_raw())) {
                    return Err(Error::Killed { file, doing });
                }
                let how = status.map_or_else(|e| e.to_string(), |status| status.to_string());
                Err(Error::Crashed { file, how, doing })
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Without questions it ends by itself; if it hangs, it is ended. Either way nothing is left behind.
        self.questions = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    /// Gets ready to ask about a file.
    ///
    /// # Errors
    /// When there is no such file, or no process can be started for it.
    pub fn open(path: &Path, reading: &Reading) -> Result<Self, Error> {
        let file = path.display().to_string();
        match std::fs::metadata(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Error::no_file(path)),
            Err(e) => return Err(Error::Refused { file, text: format!("cannot be opened: {e}") }),
            Ok(found) if found.is_dir() => {
                return Err(Error::Refused { file, text: "this is a folder, not an HDF5 file".into() });
            }
            Ok(_) => {}
        }
        if let Err(e) = std::fs::File::open(path) {
            return Err(Error::Refused { file, text: format!("cannot be opened: {e}") });
        }
        let inner = match reading {
            Reading::Direct => Inner::Direct(Box::new(Server::open(path).map_err(|text| Error::Refused { file, text })?)),
            Reading::Isolated { exe, patience } => Inner::Process(
                Process::start(path, exe, *patience)
                    .map_err(|source| Error::NoReader { exe: exe.display().to_string(), source })?,
            ),
        };
        Ok(Self { path: path.to_owned(), inner })
    }

    /// Asks.
    ///
    /// # Errors
    /// What the file refuses, and what the process died of.
    pub fn ask(&mut self, question: &Question) -> Result<Vec<u8>, Error> {
        let file = self.path.display().to_string();
        let process = match &mut self.inner {
            Inner::Direct(server) => return server.answer(question).map_err(|text| Error::Refused { file, text }),
            Inner::Process(process) => process,
        };
        let answer = process.ask(question, |length| Ok(vec![0; length]), Vec::as_mut_slice);
        process.understand(answer, file, question)
    }

    /// Asks for numbers, which come in little-endian order and fill `into`.
    ///
    /// # Errors
    /// As [`Self::ask`], and when more or fewer come.
    pub fn ask_numbers(&mut self, question: &Question, into: &mut [u8]) -> Result<(), Error> {
        let file = self.path.display().to_string();
        let process = match &mut self.inner {
            Inner::Process(process) => process,
            Inner::Direct(_) => {
                let bytes = self.ask(question)?;
                if bytes.len() != into.len() {
                    let text = format!("{} bytes came and not {}", bytes.len(), into.len());
                    return Err(Error::Refused { file, text });
                }
                into.copy_from_slice(&bytes);
                return Ok(());
            }
        };
        let expected = into.len();
        let room = |length| if length == expected { Ok(into) } else { Err(format!("{length} bytes came and not {expected}")) };
        let answer = process.ask(question, room, |into| into).map(|answer| answer.map(|_| ()));
        process.understand(answer, file, question)
    }

    /// All groups and datasets.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn tree(&mut self) -> Result<Vec<Node>, Error> {
        let bytes = self.ask(&Question::Tree)?;
        self.json(&bytes)
    }

    /// Entries of a 1-D dataset as text.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn texts(&mut self, dataset: &str, entries: std::ops::Range<usize>) -> Result<Vec<String>, Error> {
        let mut all = Vec::with_capacity(entries.len());
        let mut start = entries.start;
        while start < entries.end {
            let count = (entries.end - start).min(16_384);
            let bytes = self.ask(&Question::Texts { dataset: dataset.to_owned(), start, count })?;
            all.extend(self.json::<Vec<String>>(&bytes)?);
            start += count;
        }
        Ok(all)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(bytes)
            .map_err(|e| Error::Refused { file: self.path.display().to_string(), text: format!("unreadable answer: {e}") })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
