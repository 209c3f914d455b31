//! Running a function's binary as AWS Lambda does: under the runtime interface emulator that AWS gives away.
//!
//! Two things about it: it dies of two calls at a time, so they come one after the other; and it cannot say at which
//! port it listens, so the ports are found free first and others tried when they are taken meanwhile.

#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, clippy::print_stderr)] // part of tests, which may panic

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long a process may take to listen.
const START: Duration = Duration::from_secs(30);

/// How long a call may take. A debug build is slow, and the machine may be busy.
const CALL: Duration = Duration::from_mins(2);

/// How often other ports are tried.
const ATTEMPTS: u32 = 5;

/// What these tests run.
#[derive(Clone, Debug)]
pub struct Programs {
    emulator: PathBuf,
    binaries: PathBuf,
}

impl Programs {
    /// The emulator that `tests/tools/lambda-emulator` installed, and the binaries that were built with this test. Where one
    /// of them is missing, this says so, and the test has nothing to do.
    pub fn find() -> Option<Self> {
        let Some(emulator) = std::env::var_os("REBOUND_LAMBDA_EMULATOR").filter(|path| !path.is_empty()) else {
            eprintln!(
                "SKIPPED: REBOUND_LAMBDA_EMULATOR names no emulator (tests/tools/lambda-emulator installs one, tests/run \
                 does it all)"
            );
            return None;
        };
        let test = std::env::current_exe().expect("this test is a file");
        let binaries = test
            .ancestors()
            .nth(2)
            .expect("it lies in target/debug/deps")
            .to_owned();
        for name in ["rebound", "fetcher", "classifier", "reporter"] {
            if !binaries.join(name).is_file() {
                eprintln!(
                    "SKIPPED: {} was not built: run `cargo build --workspace` first",
                    binaries.join(name).display()
                );
                return None;
            }
        }
        Some(Self {
            emulator: emulator.into(),
            binaries,
        })
    }
}

/// `rebound serve` over a folder of its own. It ends when it is dropped.
#[derive(Debug)]
pub struct Served {
    process: Child,
    url: String,
    _data: TempDir,
}

impl Served {
    /// Starts it at a free port.
    pub fn start(programs: &Programs) -> Self {
        let data = TempDir::new().expect("a folder for temporary files");
        let mut process = Command::new(programs.binaries.join("rebound"))
            .env_remove("REBOUND_DATA")
            .arg("--data")
            .arg(data.path())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            // What people are to tell their clients.
            .stderr(Stdio::null())
            .spawn()
            .expect("rebound runs");
        let mut line = String::new();
        let mut said = BufReader::new(process.stdout.take().expect("it is piped"));
        said.read_line(&mut line).expect("it says where it listens");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .expect("it listens")
            .to_owned();
        Self {
            process,
            url,
            _data: data,
        }
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A function under the emulator. It ends when it is dropped.
#[derive(Debug)]
pub struct Function {
    process: Child,
    address: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
    said: Receiver<()>,
}

/// What a call came to.
#[derive(Clone, Debug)]
pub struct Called {
    /// The answer, or the error as Lambda tells it: `errorType`, `errorMessage`.
    pub answer: Value,
    /// What the function printed in the meantime: the lines that are JSON.
    pub log: Vec<Value>,
}

impl Called {
    /// The value of a metric of all, as CloudWatch would have it; `None` when it was not told.
    pub fn metric(&self, name: &str) -> Option<u64> {
        let of_all = |line: &&Value| {
            line.pointer("/_aws/CloudWatchMetrics/0/Dimensions/0")
                .and_then(Value::as_array)
                .is_some_and(|set| set.len() == 2)
        };
        self.log.iter().filter(of_all).find_map(|line| line.get(name)?.as_u64())
    }

    /// The lines of the log with this message.
    pub fn logged(&self, message: &str) -> Vec<&Value> {
        let says = |line: &&Value| line.get("message").and_then(Value::as_str) == Some(message);
        self.log.iter().filter(says).collect()
    }
}

impl Function {
    /// Starts the function `name`, with these variables over those that the AWS clients need to reach `served`.
    pub fn start(programs: &Programs, name: &str, served: &Served, variables: &[(&str, &str)]) -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(function) = Self::try_start(programs, name, served, variables) {
                return function;
            }
        }
        panic!("no port was free for the emulator of {name}");
    }

    fn try_start(programs: &Programs, name: &str, served: &Served, variables: &[(&str, &str)]) -> Option<Self> {
        let [address, api] = free_addresses();
        let mut process = Command::new(&programs.emulator)
            .env_clear()
            .envs([
                ("AWS_ENDPOINT_URL", served.url()),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_LAMBDA_FUNCTION_NAME", name),
                ("AWS_LAMBDA_FUNCTION_TIMEOUT", "120"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
                ("PATH", "/usr/bin:/bin"),
            ])
            .envs(variables.iter().copied())
            .arg("--runtime-interface-emulator-address")
            .arg(address.to_string())
            .arg("--runtime-api-address")
            .arg(api.to_string())
            .arg(programs.binaries.join(name))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the emulator runs");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (sender, said) = channel();
        let stdout: Box<dyn Read + Send> = Box::new(process.stdout.take().expect("it is piped"));
        let stderr: Box<dyn Read + Send> = Box::new(process.stderr.take().expect("it is piped"));
        for output in [stdout, stderr] {
            let (lines, sender) = (Arc::clone(&lines), sender.clone());
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    lines.lock().expect("no panic").push(line);
                    let _ = sender.send(());
                }
            });
        }
        let mut function = Self {
            process,
            address,
            lines,
            said,
        };
        function.listens().then_some(function)
    }

    /// Waits until the emulator listens; `false` when it has ended instead.
    fn listens(&mut self) -> bool {
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = self.process.try_wait().expect("it is a child of ours").is_some();
            if ended || began.elapsed() > START {
                return false;
            }
            // It says something before it listens, and nothing when it does.
            let _ = self.said.recv_timeout(Duration::from_millis(5));
        }
        true
    }

    /// Calls the function, and waits for its answer.
    pub fn call(&mut self, event: &Value) -> Called {
        let before = self.lines.lock().expect("no panic").len();
        let body = event.to_string();
        let mut connection = TcpStream::connect(self.address).expect("the emulator listens");
        connection.set_read_timeout(Some(CALL)).expect("a timeout");
        write!(
            connection,
            "POST /2015-03-31/functions/function/invocations HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("the emulator reads");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer in time");
        let (head, answer) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        Called {
            answer: serde_json::from_str(answer).expect("JSON"),
            log: self.lines_of_call(before),
        }
    }

    /// What was printed since, up to the line with which the emulator ends its report of the call.
    fn lines_of_call(&self, before: usize) -> Vec<Value> {
        let began = Instant::now();
        loop {
            {
                let lines = self.lines.lock().expect("no panic");
                let new = lines.get(before..).unwrap_or_default();
                if new.iter().any(|line| line.starts_with("REPORT RequestId")) {
                    return new.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
                }
            }
            assert!(began.elapsed() < START, "the emulator reports the call");
            let _ = self.said.recv_timeout(Duration::from_millis(50));
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            let lines = self.lines.lock().map(|lines| lines.join("\n")).unwrap_or_default();
            eprintln!("the function printed:\n{lines}");
        }
    }
}

/// Addresses at which nobody listens.
fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("it listens"))
}
