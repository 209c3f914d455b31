//! The table itself. In the cloud the template creates it.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

use super::{Mailboxes, MailboxesError};

impl Mailboxes {
    /// Creates the table unless it is there. For embedded and test stores.
    pub async fn ensure(&self) -> Result<(), MailboxesError> {
        let attribute = AttributeDefinition::builder()
            .attribute_name("account")
            .attribute_type(ScalarAttributeType::S)
            .build();
        let key = KeySchemaElement::builder()
            .attribute_name("account")
            .key_type(KeyType::Hash)
            .build();
        let created = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(attribute.ok().map(|attribute| vec![attribute]))
            .set_key_schema(key.ok().map(|key| vec![key]))
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(MailboxesError::refused("create the table of", &self.table, &error)),
        }
    }
}
