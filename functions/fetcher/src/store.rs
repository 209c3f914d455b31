//! Where messages are kept.

use rebound_accounts::Account;
use rebound_archive::{Archive, ArchiveError, Provenance, RawMessage, Stored};

/// Where messages are kept: the [`Archive`], and stand-ins of it in tests and measurements. Cheap to clone.
pub trait Store: Clone + Send + Sync + 'static {
    /// Stores a message of `account`, unless it is there; when this returns `Ok`, it is there for good.
    fn store(
        &self,
        account: &Account,
        message: &RawMessage,
        provenance: &Provenance,
    ) -> impl Future<Output = Result<Stored, ArchiveError>> + Send;
}

impl Store for Archive {
    async fn store(
        &self,
        account: &Account,
        message: &RawMessage,
        provenance: &Provenance,
    ) -> Result<Stored, ArchiveError> {
        Archive::store(self, account, message, provenance).await
    }
}
