//! People over a database of their own.
#![allow(clippy::unwrap_used)]

use super::*;

async fn people() -> People {
    People::new(Arc::new(Database::open("sqlite::memory:").await.unwrap()))
}

const PASSWORD: &str = "correct horse";

#[tokio::test]
async fn somebody_signs_in_and_is_signed_out() {
    let people = people().await;
    let ann = people.create("ann", Some(PASSWORD), Role::Operator).await.unwrap();
    assert!(!people.has_admin().await.unwrap());
    let one = people.sign_in("ann", PASSWORD, "1.2.3.4", "a browser\n").await.unwrap();
    let two = people.sign_in("ann", PASSWORD, "1.2.3.4", "another").await.unwrap();
    assert_ne!(one.token, two.token);
    let admitted = people.admit_session(&one.token).await.unwrap().unwrap();
    assert_eq!((admitted.authority.who.as_str(), admitted.authority.role), ("ann", Role::Operator));
    let listed = people.list_sessions(Some(ann.id), None, 9).await.unwrap();
    assert_eq!(listed.iter().map(|session| session.browser.as_str()).collect::<Vec<_>>(), ["another", "a browser"]);
    // A session's token is no API token, nor the other way round.
    assert_eq!(people.admit_token(&one.token).await.unwrap(), None);

    people.end_session(one.session, Some(ann.id)).await.unwrap();
    assert_eq!(people.admit_session(&one.token).await.unwrap(), None);
    assert!(people.admit_session(&two.token).await.unwrap().is_some());
    people.set_password(ann.id, "another horse", Some(two.session)).await.unwrap();
    assert!(people.admit_session(&two.token).await.unwrap().is_some());
    people.update(ann.id, None, Some(true)).await.unwrap();
    assert_eq!(people.admit_session(&two.token).await.unwrap(), None);
    people.sign_in("ann", "another horse", "", "").await.err().unwrap();
}

#[tokio::test]
async fn every_refused_login_is_told_alike() {
    let people = people().await;
    let ann = people.create("ann", Some(PASSWORD), Role::Viewer).await.unwrap();
    people.create("bob", None, Role::Viewer).await.unwrap();
    people.create("eve", Some(PASSWORD), Role::Viewer).await.unwrap();
    people.update(people.get("eve").await.unwrap().id, None, Some(true)).await.unwrap();
    let mut told = Vec::new();
    let long = "x".repeat(5_000);
    for (name, password) in
        [("ann", "wrong"), ("nobody", PASSWORD), ("bob", ""), ("eve", PASSWORD), ("a\0", "x"), ("ann", &long)]
    {
        told.push(people.sign_in(name, password, "1.2.3.4", "").await.err().unwrap());
    }
    told.dedup();
    assert_eq!((told.len(), told[0].code), (1, ErrorCode::Unauthorized));
    for _ in 0..10 {
        let _ = people.sign_in("ann", "wrong", "1.2.3.4", "").await;
    }
    let closed = people.sign_in("ann", PASSWORD, "1.2.3.4", "").await.err().unwrap();
    assert_eq!(closed.code, ErrorCode::TooBusy);
    people.sign_in("ann", PASSWORD, "5.6.7.8", "").await.unwrap();
    assert_eq!(people.get(&ann.id.to_string()).await.unwrap().name, "ann");
}

#[tokio::test]
async fn a_token_has_what_its_owner_has_and_never_more_than_its_cap() {
    let people = people().await;
    let root = people.create("root", Some(PASSWORD), Role::Admin).await.unwrap();
    let wish = |role, read_only| TokenWish { name: "ci".to_owned(), role, read_only, expires_at: None };
    let (text, record) = people.create_token(root.id, wish(Some(Role::Operator), false)).await.unwrap();
    let (reading, _) = people.create_token(root.id, wish(None, true)).await.unwrap();
    assert!(text.starts_with(TOKEN_PREFIX) && text.len() > 40);
    let admitted = people.admit_token(&text).await.unwrap().unwrap();
    assert_eq!(admitted.authority.role, Role::Operator);
    let reads = people.admit_token(&reading).await.unwrap().unwrap();
    assert!(reads.authority.read_only && reads.authority.role == Role::Admin);
    assert!(people.list_tokens(Some(root.id), None, 9).await.unwrap().iter().all(|token| token.used_at.is_some()));
    people.revoke_token(record.id, Some(UserId::generate())).await.unwrap_err();
    people.revoke_token(record.id, Some(root.id)).await.unwrap();
    assert_eq!(people.admit_token(&text).await.unwrap(), None);
    let past = TokenWish { expires_at: Some(Utc::now()), ..wish(None, false) };
    assert_eq!(people.create_token(root.id, past).await.unwrap_err().code, ErrorCode::InvalidValue);
}

#[tokio::test]
async fn grants_take_effect_at_once_and_the_last_admin_stays() {
    let people = people().await;
    let root = people.create("root", Some(PASSWORD), Role::Admin).await.unwrap();
    let ann = people.create("ann", Some(PASSWORD), Role::Viewer).await.unwrap();
    let signed = people.sign_in("ann", PASSWORD, "", "").await.unwrap();
    let level = async || {
        people.admit_session(&signed.token).await.unwrap().unwrap().authority.level(Thing::Connection, "lab-a")
    };
    assert_eq!(level().await, Level::Read);
    people.set_grant(ann.id, Thing::Connection, "lab-*", Some(Level::Write)).await.unwrap();
    assert_eq!(level().await, Level::Write);
    people.set_grant(ann.id, Thing::Connection, "lab-*", None).await.unwrap();
    assert_eq!(level().await, Level::Read);
    for wrong in ["", "a b", "ü", &"a".repeat(200)] {
        people.set_grant(ann.id, Thing::Connection, wrong, Some(Level::Use)).await.unwrap_err();
    }
    for refused in [people.update(root.id, Some(Role::Editor), None).await.err(), people.delete(root.id).await.err()] {
        assert_eq!(refused.unwrap().code, ErrorCode::InvalidValue);
    }
    people.update(ann.id, Some(Role::Admin), None).await.unwrap();
    people.delete(root.id).await.unwrap();
    assert_eq!(people.get("root").await.unwrap_err().code, ErrorCode::UserNotFound);
}

#[tokio::test]
async fn names_and_passwords_that_cannot_be_are_refused() {
    let people = people().await;
    for name in ["", "Ann", "a b", "api", "ünal", "-a", &"a".repeat(65)] {
        let refused = people.create(name, Some(PASSWORD), Role::Viewer).await.unwrap_err();
        assert_eq!((refused.code, refused.path.as_deref()), (ErrorCode::InvalidValue, Some("name")), "{name}");
    }
    for password in ["", "short", "ann.of.the.lab", &"x".repeat(1_025)] {
        people.create("ann.of.the.lab", Some(password), Role::Viewer).await.unwrap_err();
    }
    people.create("ann", Some(PASSWORD), Role::Viewer).await.unwrap();
    assert_eq!(people.create("ann", None, Role::Viewer).await.unwrap_err().code, ErrorCode::AlreadyExists);
}
