//! `rebound serve`.

use std::net::SocketAddr;

use clap::Args;

pub(crate) const SERVE_EXAMPLES: &str = "\
Examples:
  rebound serve                                  at http://127.0.0.1:4566
  rebound serve --listen 127.0.0.1:0             at a port that is free
  rebound serve --listen 172.17.0.1:4566 --expose
                                                 for Docker's containers as well, where Docker runs on Linux";

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where to answer: an IP address and a port, 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// Listen also where other machines or containers may reach it: whoever does can read and change everything
    #[arg(long)]
    pub expose: bool,
}
