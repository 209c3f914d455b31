//! A deployed stack: what its parts are called, and clients for them.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Error, Result, anyhow};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_cloudformation::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudformation::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::Output;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rebound_accounts::ReturnPathKeys;
use rebound_accounts::store::AccountStore;

use super::Stores;
use crate::complaints::{Hinted, step};
use crate::place::StackName;

/// The AWS configuration of this machine, and the outputs of a stack.
pub(crate) struct Stack {
    name: String,
    config: SdkConfig,
    status: String,
    outputs: Vec<Output>,
    answered_at: AnsweredAt,
}

/// What AWS's clock said when it answered.
#[derive(Clone, Debug, Default)]
struct AnsweredAt(Arc<OnceLock<Timestamp>>);

impl Intercept for AnsweredAt {
    fn name(&self) -> &'static str {
        "AnsweredAt"
    }

    fn read_after_transmit(
        &self,
        answer: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = answer.response().headers().get("date");
        if let Some(date) = date.and_then(|date| rfc2822::DateTimeParser::new().parse_timestamp(date).ok()) {
            let _ = self.0.set(date);
        }
        Ok(())
    }
}

impl Stack {
    /// Asks CloudFormation for the stack's outputs.
    pub(crate) async fn find(stack: &StackName) -> Result<Self> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &stack.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &stack.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
        let Some(region) = config.region() else {
            let hint = "--region NAME says it, or AWS_REGION, or `aws configure`";
            return Err(anyhow!(Hinted::new(
                format!("it is not known which AWS region stack {} is in", stack.name),
                hint
            )));
        };
        step(format!(
            "asking CloudFormation in {region} for the outputs of stack {}",
            stack.name
        ));
        let answered = AnsweredAt::default();
        let request = Client::new(&config).describe_stacks().stack_name(&stack.name);
        let found = match request.customize().interceptor(answered.clone()).send().await {
            Ok(found) => found,
            Err(error) => return Err(not_found(stack, region, error)),
        };
        let found = found.stacks.unwrap_or_default().into_iter().next();
        let found = found.with_context(|| format!("CloudFormation says nothing about stack {}", stack.name))?;
        Ok(Self {
            name: stack.name.clone(),
            config,
            status: found
                .stack_status
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            outputs: found.outputs.unwrap_or_default(),
            answered_at: answered,
        })
    }

    /// What CloudFormation says of it, `UPDATE_COMPLETE` for example.
    pub(crate) fn status(&self) -> &str {
        &self.status
    }

    /// What the clock said there when it described itself.
    pub(crate) fn answered_at(&self) -> Option<Timestamp> {
        self.answered_at.0.get().copied()
    }

    /// How to log in, and where.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// What the template says that one of its parts is called.
    pub(crate) fn find_output(&self, key: &str) -> Option<&str> {
        let output = self.outputs.iter().find(|output| output.output_key() == Some(key));
        output.and_then(Output::output_value)
    }

    /// Where the settings of its accounts are.
    pub(super) fn accounts(&self) -> Result<AccountStore> {
        let client = aws_sdk_secretsmanager::Client::new(&self.config);
        Ok(AccountStore::new(client, self.output("AccountsPrefix")?))
    }

    /// The keys of its signed return addresses: a secret that the template names and does not make.
    pub(crate) fn return_path_keys(&self) -> ReturnPathKeys {
        let client = aws_sdk_secretsmanager::Client::new(&self.config);
        let secret = match self.find_output("ReturnPathKeys") {
            Some(secret) => secret.to_owned(),
            None => format!("{}/return-path-keys", self.name),
        };
        ReturnPathKeys::new(client, secret)
    }

    /// Clients for everything in it.
    pub(super) fn stores(&self) -> Result<Stores> {
        Ok(Stores {
            s3: aws_sdk_s3::Client::new(&self.config),
            bucket: self.output("Bucket")?.to_owned(),
            dynamodb: aws_sdk_dynamodb::Client::new(&self.config),
            table_prefix: self.output("TablePrefix")?.to_owned(),
            accounts: self.accounts()?,
            embedded: None,
        })
    }

    fn output(&self, key: &str) -> Result<&str> {
        self.find_output(key).ok_or_else(|| {
            let hint = "is it a stack of rebound, and of this version? docs/aws/deploying.md says how one is updated";
            anyhow!(Hinted::new(format!("stack {} has no output {key}", self.name), hint))
        })
    }
}

/// What to tell when CloudFormation does not describe the stack.
fn not_found<E>(stack: &StackName, region: &Region, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let told = error.message().unwrap_or_default();
    if error.code() == Some("ValidationError") && told.contains("does not exist") {
        return anyhow!(Hinted::new(
            format!("there is no stack called {} in {region}", stack.name),
            "`aws cloudformation describe-stacks` lists them; --region says where to look, --profile as whom",
        ));
    }
    let (what, hint) = match error.code() {
        Some(code) => (
            format!("CloudFormation does not describe stack {}: {code}: {told}", stack.name),
            "it takes the permission cloudformation:DescribeStacks; --profile says as whom to ask",
        ),
        None => (
            format!(
                "CloudFormation could not be asked about stack {} in {region}",
                stack.name
            ),
            "log in as for the AWS CLI: AWS_PROFILE or --profile names a profile, `aws sso login` begins a session",
        ),
    };
    match error.code() {
        Some(_) => anyhow!(Hinted::new(what, hint)),
        None => Error::from(error).context(Hinted::new(what, hint)),
    }
}
