//! `rebound serve`: the folder's stores on a socket.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;

use anyhow::{Context, Result, anyhow};
use rebound_local::{ACCESS_KEY, Endpoint, EndpointSettings, REGION, SECRET_KEY};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::ServeArgs;
use crate::complaints::{Hinted, say};
use crate::outcome::Outcome;
use crate::place::Place;
use crate::workspace::{TABLE_PREFIX, embedded_stores};

/// Answers until somebody says that it is enough. What was answered with success is on the disk.
pub(super) async fn serve(place: &Place, args: ServeArgs) -> Result<Outcome> {
    let Place::Folder(data) = place else {
        let hint = "a deployed stack is reached at AWS's own addresses; leave --stack away to serve a folder";
        return Err(anyhow!(Hinted::new(
            "only a folder on this machine can be served",
            hint
        )));
    };
    allowed(&args)?;
    let mut enough = Enough::listen().context("listening for signals")?;
    let stack = Box::pin(embedded_stores(data)).await?;

    let endpoint = Endpoint::bind(args.listen)
        .await
        .with_context(|| format!("listening on {}", args.listen))?;
    announce(endpoint.address())?;
    let settings = EndpointSettings {
        table_prefix: TABLE_PREFIX.to_owned(),
    };
    {
        let (end, ended) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = ended.await;
        };
        let mut serving = pin!(endpoint.serve(&stack, settings, shutdown));
        tokio::select! {
            () = &mut serving => {}
            () = enough.said() => {
                // Nobody is left to be told only when it has ended by itself.
                let _ = end.send(());
                // Said once more, it means now.
                tokio::select! {
                    () = &mut serving => {}
                    () = enough.said() => {}
                }
            }
        }
    }
    stack.close().await.context("closing the local stores")?;
    Ok(Outcome::Done)
}

/// Refuses to be reached from elsewhere, unless that is meant.
fn allowed(args: &ServeArgs) -> Result<()> {
    let address = args.listen;
    if address.ip().is_loopback() {
        return Ok(());
    }
    let what = format!("{address} can be reached from outside this machine, or by containers on it");
    if args.expose {
        say(
            "warning",
            format!("{what}: whoever reaches it can read and change everything, contacts and passwords"),
        );
        return Ok(());
    }
    let hint = "listen on 127.0.0.1, or add --expose when that is meant and a firewall keeps strangers out";
    Err(anyhow!(Hinted::new(what, hint)))
}

/// One line for programs that wait for it, and for people what to tell their clients.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    let mut err = io::stderr();
    writeln!(err, "  export AWS_ENDPOINT_URL=http://{address}")?;
    writeln!(
        err,
        "  export AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={SECRET_KEY}"
    )?;
    writeln!(err, "  export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}")
}

/// Ctrl-C, or the polite signal of whoever looks after processes.
struct Enough {
    interrupt: Signal,
    terminate: Signal,
}

impl Enough {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn said(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
