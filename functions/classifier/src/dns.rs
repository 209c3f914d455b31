//! Public keys of DKIM in DNS (RFC 6376 section 3.6.2).

use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tokio::sync::OnceCell;

/// A name server that has not answered by then is asked once more, and then no more.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the system's name servers; set up when it is first asked. Cheap to clone, and clones share what was answered for
/// as long as the answers say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dns(Arc<OnceCell<Option<TokioResolver>>>);

impl Dns {
    /// The text of the TXT record at `name`. None when there is none, or nobody answers: a signature then proves nothing,
    /// and what the report says is believed as far as the rest goes.
    pub(crate) async fn txt(&self, name: &str) -> Option<String> {
        let resolver = self.0.get_or_init(async || resolver()).await.as_ref()?;
        let answer = match resolver.txt_lookup(format!("{name}.")).await {
            Ok(answer) => answer,
            Err(error) if error.is_no_records_found() => return None,
            Err(error) => {
                tracing::warn!(name, %error, "a DKIM key could not be looked up");
                return None;
            }
        };
        let record = answer.answers().iter().find_map(|record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        })?;
        String::from_utf8(record).ok()
    }
}

fn resolver() -> Option<TokioResolver> {
    let mut builder = TokioResolver::builder_tokio()
        .inspect_err(|error| tracing::warn!(%error, "the system's name servers are not known"))
        .ok()?;
    builder.options_mut().timeout = TIMEOUT;
    builder.options_mut().attempts = 1;
    builder
        .build()
        .inspect_err(|error| tracing::warn!(%error, "DNS can't be asked"))
        .ok()
}
