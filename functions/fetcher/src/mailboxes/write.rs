//! Taking a lease, and everything that is written under it.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use jiff::Timestamp;
use rebound_accounts::AccountName;

use super::item::{self, Changes, number, text, time};
use super::{Acquired, LastRun, Lease, Mailboxes, MailboxesError, Progress, Trouble, UidlSet};

/// How many chunks of names go into one transaction, which takes 4 MB.
const CHUNKS_AT_ONCE: usize = 8;

/// The lease must still be the writer's own.
const OURS: &str = "fence = :fence AND lease_owner = :owner";

impl Mailboxes {
    /// Takes the lease on an account's mailbox from `now` until `until`, unless somebody else's is valid at `now`.
    ///
    /// `owner` must be unique among those who may run at the same time: a lease of the same owner is taken over.
    pub async fn acquire(
        &self,
        account: &AccountName,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquired, MailboxesError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("account", text(account.as_str()))
            .update_expression("SET lease_owner = :owner, lease_expires_at = :until ADD fence :one")
            .condition_expression(
                "attribute_not_exists(lease_expires_at) OR lease_expires_at <= :now OR lease_owner = :owner",
            )
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", time(until))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                let lease = item::lease_from(&item, account, owner, until)?;
                Ok(Acquired::Ours(lease, Box::new(item::state_from(item, account)?)))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let (owner, until) = item::held_from(failed.item.clone().unwrap_or_default(), account)?;
                    Ok(Acquired::Held { owner, until })
                }
                _ => Err(MailboxesError::refused("take the lease of", account.as_str(), &error)),
            },
        }
    }

    /// Makes the lease last until `until`.
    pub async fn renew(&self, lease: &mut Lease, until: Timestamp) -> Result<(), MailboxesError> {
        self.update(lease, vec![("lease_expires_at", Some(time(until)))])
            .await?;
        lease.until = until;
        Ok(())
    }

    /// Says how far the mailbox has been read, and makes the lease last until `until`.
    ///
    /// Of `uidls` only what has changed is written; it is what [`Cursor::Uidls`](super::Cursor::Uidls) speaks of.
    pub async fn save(
        &self,
        lease: &mut Lease,
        progress: &Progress,
        uidls: Option<&mut UidlSet>,
        until: Timestamp,
    ) -> Result<(), MailboxesError> {
        let mut changes = item::progress_changes(progress);
        changes.push(("lease_expires_at", Some(time(until))));
        self.write(lease, changes, uidls).await?;
        lease.until = until;
        Ok(())
    }

    /// The last write of a run: how far it came, how it went, and that the mailbox is free again.
    pub async fn finish(
        &self,
        lease: Lease,
        progress: Option<&Progress>,
        uidls: Option<&mut UidlSet>,
        run: &LastRun,
        trouble: Option<&Trouble>,
    ) -> Result<(), MailboxesError> {
        let mut changes = progress.map(item::progress_changes).unwrap_or_default();
        changes.extend(item::run_changes(run));
        changes.extend(item::trouble_changes(trouble));
        changes.extend([("lease_owner", None), ("lease_expires_at", None)]);
        self.write(&lease, changes, uidls).await
    }

    async fn write(&self, lease: &Lease, changes: Changes, uidls: Option<&mut UidlSet>) -> Result<(), MailboxesError> {
        let Some(uidls) = uidls else {
            return self.update(lease, changes).await;
        };
        let chunks: Vec<_> = uidls.unsaved().collect();
        if chunks.is_empty() {
            return self.update(lease, changes).await;
        }
        // A name that is remembered without the rest, or forgotten, does no harm: its message is archived, and would be
        // fetched once more. So it is enough that the last transaction carries the item itself.
        let mut groups = chunks.chunks(CHUNKS_AT_ONCE).peekable();
        while let Some(group) = groups.next() {
            let mut actions: Vec<_> = group
                .iter()
                .map(|(chunk, names)| self.chunk_action(&lease.account, *chunk, names.clone()))
                .collect();
            actions.push(if groups.peek().is_some() {
                self.fence_check(lease)
            } else {
                self.update_action(lease, &changes)
            });
            self.transact(lease, actions.into_iter().collect::<Option<Vec<_>>>())
                .await?;
        }
        uidls.mark_saved();
        Ok(())
    }

    async fn update(&self, lease: &Lease, changes: Changes) -> Result<(), MailboxesError> {
        let Expression { update, names, values } = Expression::new(lease, &changes);
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("account", text(lease.account.as_str()))
            .update_expression(update)
            .condition_expression(OURS)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Err(MailboxesError::LeaseLost(lease.account.clone()))
            }
            Err(error) => Err(MailboxesError::refused("save", lease.account.as_str(), &error)),
        }
    }

    async fn transact(&self, lease: &Lease, actions: Option<Vec<TransactWriteItem>>) -> Result<(), MailboxesError> {
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(actions)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Err(MailboxesError::LeaseLost(lease.account.clone())),
            Err(error) => Err(MailboxesError::refused("save", lease.account.as_str(), &error)),
        }
    }

    fn chunk_action(&self, account: &AccountName, chunk: usize, names: Option<Vec<u8>>) -> Option<TransactWriteItem> {
        let action = TransactWriteItem::builder();
        let action = if let Some(names) = names {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item::uidls_item(account, chunk, names)));
            action.put(put.build().ok()?)
        } else {
            let delete = Delete::builder()
                .table_name(&self.table)
                .key("account", text(item::uidls_key(account, chunk)));
            action.delete(delete.build().ok()?)
        };
        Some(action.build())
    }

    fn fence_check(&self, lease: &Lease) -> Option<TransactWriteItem> {
        let Expression { values, .. } = Expression::new(lease, &Changes::new());
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("account", text(lease.account.as_str()))
            .condition_expression(OURS)
            .set_expression_attribute_values(Some(values));
        Some(
            TransactWriteItem::builder()
                .condition_check(check.build().ok()?)
                .build(),
        )
    }

    fn update_action(&self, lease: &Lease, changes: &Changes) -> Option<TransactWriteItem> {
        let Expression { update, names, values } = Expression::new(lease, changes);
        let update = Update::builder()
            .table_name(&self.table)
            .key("account", text(lease.account.as_str()))
            .update_expression(update)
            .condition_expression(OURS)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        Some(TransactWriteItem::builder().update(update.build().ok()?).build())
    }
}

/// An update under a lease, in DynamoDB's words.
struct Expression {
    update: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    fn new(lease: &Lease, changes: &Changes) -> Self {
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut names = HashMap::new();
        let mut values = HashMap::from([
            (":fence".to_owned(), number(lease.fence)),
            (":owner".to_owned(), text(&lease.owner)),
        ]);
        for (name, value) in changes {
            names.insert(format!("#{name}"), (*name).to_owned());
            match value {
                Some(value) => {
                    set.push(format!("#{name} = :{name}"));
                    values.insert(format!(":{name}"), value.clone());
                }
                None => remove.push(format!("#{name}")),
            }
        }
        let clause = |word: &str, parts: Vec<String>| match parts.as_slice() {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        Self {
            update: clause("SET", set) + &clause("REMOVE", remove),
            names,
            values,
        }
    }
}

fn is_condition_failure(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return false;
    };
    let reasons = cancelled.cancellation_reasons();
    reasons
        .iter()
        .any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}
