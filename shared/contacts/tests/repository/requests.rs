//! What goes over the wire: watched, and interfered with.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextMut,
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::{KeysAndAttributes, WriteRequest};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// What was asked for, and what becomes of the answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests(Arc<State>);

#[derive(Debug, Default)]
struct State {
    operations: Mutex<Vec<String>>,
    lost: AtomicU32,
    outdated: AtomicU32,
    unprocessed: AtomicU32,
    /// What a write that is under way leaves unprocessed.
    withheld: Mutex<HashMap<String, Vec<WriteRequest>>>,
    page: AtomicU32,
}

impl Requests {
    /// The operations since the last time, in order.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.operations.lock().unwrap())
    }

    /// The next answers get lost, so many: the operation is done, but a server error comes back.
    pub(crate) fn lose_answers(&self, count: u32) {
        self.0.lost.store(count, Ordering::SeqCst);
    }

    /// The next reads, so many, were answered before others created what they ask for: they find nothing.
    pub(crate) fn read_too_early(&self, count: u32) {
        self.0.outdated.store(count, Ordering::SeqCst);
    }

    /// The next reads or writes of several items, so many, leave half of them unprocessed, rounded up.
    pub(crate) fn leave_unprocessed(&self, count: u32) {
        self.0.unprocessed.store(count, Ordering::SeqCst);
    }

    /// Pages hold so many items at most; 0 is as many as DynamoDB likes.
    pub(crate) fn limit_pages(&self, items: u32) {
        self.0.page.store(items, Ordering::SeqCst);
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "requests"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(write) = context.input_mut().downcast_mut::<BatchWriteItemInput>()
            && self.0.unprocessed.load(Ordering::SeqCst) > 0
        {
            for (table, requests) in write.request_items.iter_mut().flatten() {
                let withheld = requests.split_off(requests.len() / 2);
                self.0.withheld.lock().unwrap().insert(table.clone(), withheld);
            }
            // One that would be empty is not sent, and DynamoDB takes none such.
            if write
                .request_items
                .iter()
                .flatten()
                .any(|(_, requests)| requests.is_empty())
            {
                write.request_items = Some(std::mem::take(&mut self.0.withheld.lock().unwrap()));
            }
        }
        let page = i32::try_from(self.0.page.load(Ordering::SeqCst))?;
        if page == 0 {
            return Ok(());
        }
        if let Some(query) = context.input_mut().downcast_mut::<QueryInput>() {
            query.limit = Some(page);
        } else if let Some(scan) = context.input_mut().downcast_mut::<ScanInput>() {
            scan.limit = Some(page);
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        self.0.operations.lock().unwrap().push(operation.to_owned());
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if take_one(&self.0.lost) {
            let error = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"lost"}"#;
            let mut response = HttpResponse::new(500.try_into()?, error.into());
            response
                .headers_mut()
                .insert("content-type", "application/x-amz-json-1.0");
            *context.response_mut() = response;
        }
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Ok(output)) = context.output_or_error_mut() else {
            return Ok(());
        };
        if let Some(written) = output.downcast_mut::<BatchWriteItemOutput>() {
            let withheld = std::mem::take(&mut *self.0.withheld.lock().unwrap());
            if !withheld.is_empty() && take_one(&self.0.unprocessed) {
                written.unprocessed_items = Some(withheld);
            }
            return Ok(());
        }
        let Some(read) = output.downcast_mut::<BatchGetItemOutput>() else {
            return Ok(());
        };
        if take_one(&self.0.outdated) {
            read.responses = None;
        }
        if take_one(&self.0.unprocessed) {
            for (table, items) in read.responses.iter_mut().flatten() {
                let keys = items.split_off(items.len() / 2).into_iter().map(|mut item| {
                    item.retain(|attribute, _| attribute == "address");
                    item
                });
                let left = KeysAndAttributes::builder().set_keys(Some(keys.collect())).build()?;
                let unprocessed = read.unprocessed_keys.get_or_insert_default();
                unprocessed.insert(table.clone(), left);
            }
        }
        Ok(())
    }
}

/// Counts one down, and says whether there was one.
fn take_one(left: &AtomicU32) -> bool {
    let one_less = |left: u32| left.checked_sub(1);
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
}
