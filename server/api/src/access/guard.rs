//! The guard before every field of GraphQL's three roots.
//!
//! [`Guarded`] stands in the schema where the root itself would: it looks up the field's row, asks for what it takes, and
//! only then lets the field be resolved. What a root's fields answer is reached through them alone.

use super::needs::{self, Given};
use super::operations::{Operation, Root};
use super::record::Recording;
use crate::error::ApiError;
use crate::graphql::Context;
use futures::StreamExt as _;
use juniper::meta::MetaType;
use juniper::{
    Arguments, BoxFuture, DefaultScalarValue, ExecutionError, ExecutionResult, Executor, FieldError,
    GraphQLSubscriptionValue, GraphQLType, GraphQLValue, GraphQLValueAsync, IntoFieldError, Registry, Value,
    ValuesStream,
};
use model::{ErrorCode, Fault};
use serde_json::{Map, json};

type Scalar = DefaultScalarValue;

/// A root whose fields are guarded.
pub struct Guarded<T>(pub T, pub Root);

impl<T: GraphQLType<Scalar>> GraphQLType<Scalar> for Guarded<T>
where
    Self: GraphQLValue<Scalar, TypeInfo = T::TypeInfo>,
{
    fn name(info: &T::TypeInfo) -> Option<juniper::ArcStr> {
        T::name(info)
    }

    fn meta(info: &T::TypeInfo, registry: &mut Registry<Scalar>) -> MetaType<Scalar> {
        T::meta(info, registry)
    }
}

impl<T: GraphQLValue<Scalar>> GraphQLValue<Scalar> for Guarded<T> {
    type Context = T::Context;
    type TypeInfo = T::TypeInfo;

    fn type_name(&self, info: &T::TypeInfo) -> Option<juniper::ArcStr> {
        self.0.type_name(info)
    }

    fn resolve_field(
        &self,
        _: &T::TypeInfo,
        field: &str,
        _: &Arguments<'_, Scalar>,
        _: &Executor<'_, '_, T::Context, Scalar>,
    ) -> ExecutionResult<Scalar> {
        // The guard asks the metadata database, so nothing passes it without waiting.
        Err(unknown(field).into_field_error())
    }
}

impl<T> GraphQLValueAsync<Scalar> for Guarded<T>
where
    T: GraphQLValueAsync<Scalar, Context = Context, TypeInfo = ()> + Send + Sync,
{
    fn resolve_field_async<'a>(
        &'a self,
        info: &'a (),
        field: &'a str,
        arguments: &'a Arguments<'_, Scalar>,
        executor: &'a Executor<'_, '_, Context, Scalar>,
    ) -> BoxFuture<'a, ExecutionResult<Scalar>> {
        Box::pin(async move {
            let operation = self.1.find(field).ok_or_else(|| unknown(field).into_field_error())?;
            let given = given(self.1, field, arguments, executor);
            let context = executor.context();
            if context.is_socket {
                let message = "queries and mutations go to `POST /graphql`; a socket is for subscriptions";
                return Err(ApiError::bad_request(message).into_field_error());
            }
            let recording = match operation.records {
                true => {
                    Some(Recording::begin(context, operation, &given).await.map_err(IntoFieldError::into_field_error)?)
                }
                false => None,
            };
            let answer = match needs::require(context, operation, &given).await {
                Ok(()) => self.0.resolve_field_async(info, field, arguments, executor).await,
                Err(refused) => Err(refused.into_field_error()),
            };
            if let Some(recording) = recording {
                recording.end(context, &outcome(&answer)).await.map_err(IntoFieldError::into_field_error)?;
            }
            answer
        })
    }
}

impl<T> GraphQLSubscriptionValue<Scalar> for Guarded<T>
where
    T: GraphQLSubscriptionValue<Scalar, Context = Context, TypeInfo = ()> + Send + Sync,
{
    fn resolve_field_into_stream<'s, 'i, 'ft, 'args, 'e, 'ref_e, 'res, 'f>(
        &'s self,
        info: &'i (),
        field: &'ft str,
        arguments: Arguments<'args, Scalar>,
        executor: &'ref_e Executor<'ref_e, 'e, Context, Scalar>,
    ) -> BoxFuture<'f, Result<Value<ValuesStream<'res, Scalar>>, FieldError<Scalar>>>
    where
        's: 'f,
        'i: 'res,
        'ft: 'f,
        'args: 'f,
        'ref_e: 'f,
        'res: 'f,
        'e: 'res,
    {
        Box::pin(async move {
            let operation = self.1.find(field).ok_or_else(|| unknown(field).into_field_error())?;
            let given = given(self.1, field, &arguments, executor);
            let context = executor.context().clone();
            needs::require(&context, operation, &given).await.map_err(IntoFieldError::into_field_error)?;
            let refusal = executor.new_error(ApiError::unauthorized().into_field_error());
            let answered = self.0.resolve_field_into_stream(info, field, arguments, executor).await?;
            let Value::Scalar(stream) = answered else { return Ok(answered) };
            Ok(Value::Scalar(while_allowed(stream, context, operation, given, refusal)))
        })
    }
}

/// Ends the stream at the first event that its subscriber may not see any more.
fn while_allowed<'a>(
    stream: ValuesStream<'a, Scalar>,
    context: Context,
    operation: &'static Operation,
    given: Given,
    refusal: ExecutionError<Scalar>,
) -> ValuesStream<'a, Scalar> {
    let state = Some((stream, context, given, refusal));
    Box::pin(futures::stream::unfold(state, move |state| async move {
        let (mut stream, mut context, given, refusal) = state?;
        let item = stream.next().await?;
        let allowed = match context.caller.renew().await {
            Ok(caller) => {
                context.caller = caller;
                needs::require(&context, operation, &given).await.is_ok()
            }
            Err(_) => false,
        };
        if allowed { Some((item, Some((stream, context, given, refusal)))) } else { Some((Err(vec![refusal]), None)) }
    }))
}

/// What the operation was given, by the arguments' names in the schema.
fn given(
    root: Root,
    field: &str,
    arguments: &Arguments<'_, Scalar>,
    executor: &Executor<'_, '_, Context, Scalar>,
) -> Given {
    let described = executor.schema().concrete_type_by_name(root.as_str()).and_then(|root| root.field_by_name(field));
    let names = described.and_then(|field| field.arguments.as_ref()).into_iter().flatten();
    let values = names.filter_map(|argument| {
        let value = &arguments.get_input_value(argument.name.as_str())?.item;
        Some((argument.name.to_string(), json!(value)))
    });
    Given(serde_json::Value::Object(values.collect::<Map<_, _>>()))
}

/// How a field ended, in the word that goes on record.
fn outcome(answer: &ExecutionResult<Scalar>) -> String {
    let Err(error) = answer else { return "done".to_owned() };
    let code = match error.extensions() {
        Value::Object(extensions) => extensions.get_field_value("code").map(|code| json!(code)),
        _ => None,
    };
    code.as_ref().and_then(|code| code.as_str()).unwrap_or(ErrorCode::Internal.as_str()).to_owned()
}

/// A field without a row: it answers nobody.
fn unknown(field: &str) -> ApiError {
    ApiError(Fault::new(ErrorCode::Forbidden, format!("nobody may ask for `{field}`: it is in no table of operations")))
}
