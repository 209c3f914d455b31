//! Public keys of DKIM in DNS (RFC 6376 section 3.6.2).

use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{ResolverBuilder, TokioResolver};
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
    TokioResolver::builder_tokio()
        .inspect_err(|error| tracing::warn!(%error, "the system's name servers are not known"))
        .ok()
        .and_then(|builder| within(TIMEOUT, builder))
}

/// Waits so long for an answer.
fn within(timeout: Duration, mut builder: ResolverBuilder<TokioRuntimeProvider>) -> Option<TokioResolver> {
    builder.options_mut().timeout = timeout;
    builder.options_mut().attempts = 1;
    builder
        .build()
        .inspect_err(|error| tracing::warn!(%error, "DNS can't be asked"))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use tokio::net::UdpSocket;

    use super::*;

    const KEY: &str = "s1._domainkey.example.com";

    #[tokio::test]
    async fn a_key_is_read_out_of_its_pieces_and_one_that_is_missing_is_none() {
        let dns = asking(name_server().await, TIMEOUT);
        assert_eq!(dns.txt(KEY).await.as_deref(), Some("v=DKIM1; p=AAAABBBB"));
        assert_eq!(dns.txt("s2._domainkey.example.com").await, None);
    }

    #[tokio::test]
    async fn where_nobody_answers_there_is_no_key() {
        let gone = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let dns = asking(gone.local_addr().expect("an address"), Duration::from_millis(50));
        drop(gone);
        assert_eq!(dns.txt(KEY).await, None);
    }

    fn asking(server: SocketAddr, timeout: Duration) -> Dns {
        let mut connection = ConnectionConfig::udp();
        connection.port = server.port();
        let server = NameServerConfig::new(server.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Dns(Arc::new(OnceCell::new_with(Some(within(timeout, builder)))))
    }

    /// Knows the TXT record of one name, in two pieces (RFC 1035 sections 3.3.14 and 4.1).
    async fn name_server() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let address = socket.local_addr().expect("an address");
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let answer = answer(buffer.get(..length).expect("what came"));
                socket.send_to(&answer, from).await.expect("sent");
            }
        });
        address
    }

    fn answer(query: &[u8]) -> Vec<u8> {
        let (header, rest) = query.split_at(12);
        let name_end = rest.iter().position(|byte| *byte == 0).expect("a name") + 1;
        let (name, rest) = rest.split_at(name_end);
        let labels = KEY.split('.').flat_map(text);
        let is_known = name.eq_ignore_ascii_case(&labels.chain([0]).collect::<Vec<_>>());
        let mut answer = header.get(..2).expect("an id").to_vec();
        // A response; no error, or no such name; one question, one answer or none.
        answer.extend([
            0x81,
            if is_known { 0x80 } else { 0x83 },
            0,
            1,
            0,
            u8::from(is_known),
            0,
            0,
            0,
            0,
        ]);
        answer.extend(name);
        answer.extend(rest.get(..4).expect("type and class"));
        if is_known {
            answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
            let pieces: Vec<u8> = ["v=DKIM1; p=AAAA", "BBBB"].into_iter().flat_map(text).collect();
            answer.extend(u16::try_from(pieces.len()).expect("short").to_be_bytes());
            answer.extend(pieces);
        }
        answer
    }

    /// Its length and its octets.
    fn text(text: &str) -> impl Iterator<Item = u8> {
        let length = u8::try_from(text.len()).expect("short");
        std::iter::once(length).chain(text.bytes())
    }
}
