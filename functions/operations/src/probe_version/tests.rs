//! A deploy goes on only if every version that it names has answered the probe as its own program.

use super::*;
use outbound::NotAnswered;
use std::sync::Mutex;

/// A deploy `d-1` that moves callers to version 7 of two functions, which answer as given.
struct World {
    answers: Vec<(&'static str, Result<Value, &'static str>)>,
    /// Name, version and payload.
    asked: Mutex<Vec<[String; 3]>>,
    verdicts: Mutex<Vec<(String, String, bool)>>,
}

#[async_trait]
impl Deploys for World {
    async fn targets(&self, deploy: &str) -> Result<Vec<DeployTarget>, DeployError> {
        if deploy != "d-1" {
            return Err(DeployError(format!("no deploy {deploy}")));
        }
        let version = |(name, _): &(&str, _)| DeployTarget {
            function: format!("shop-{name}"),
            version: "7".to_owned(),
        };
        Ok(self.answers.iter().map(version).collect())
    }

    async fn conclude(&self, deploy: &str, hook: &str, accepts: bool) -> Result<(), DeployError> {
        self.verdicts.lock().unwrap().push((deploy.to_owned(), hook.to_owned(), accepts));
        Ok(())
    }
}

#[async_trait]
impl Versions for World {
    async fn ask(&self, function: &str, version: &str, payload: &str) -> Result<String, NotAnswered> {
        self.asked.lock().unwrap().push([function, version, payload].map(str::to_owned));
        let (_, answer) = self.answers.iter().find(|(name, _)| format!("shop-{name}") == function).unwrap();
        answer.as_ref().map(Value::to_string).map_err(|reason| NotAnswered::Failed((*reason).to_owned()))
    }
}

fn report(function: &str, deploy: &str) -> Value {
    json!({"function": function, "build": "0123456789ab", "deploy": deploy, "secrets": {"shop/stripe-api-key": true}})
}

async fn probed(
    answers: Vec<(&'static str, Result<Value, &'static str>)>,
    input: Value,
) -> (Result<Value, Failure>, Arc<World>) {
    let world = Arc::new(World { answers, asked: Mutex::default(), verdicts: Mutex::default() });
    let step = ProbeVersion { deploys: world.clone(), versions: world.clone(), stack: "shop".to_owned() };
    (runtime::command::work(&step, input).await, world)
}

fn hook() -> Value {
    json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "h-1"})
}

fn verdicts(world: &World) -> Vec<(String, String, bool)> {
    world.verdicts.lock().unwrap().clone()
}

#[tokio::test]
async fn a_deploy_goes_on_once_every_new_version_answers_the_probe() {
    let answers = vec![
        ("take-payment", Ok(report("take-payment", "now"))),
        ("place-order", Ok(report("place-order", "now"))),
    ];
    let (done, world) = probed(answers, hook()).await;
    assert_eq!(done.unwrap()["accepted"][1]["function"], "place-order");
    assert_eq!(verdicts(&world), [("d-1".to_owned(), "h-1".to_owned(), true)]);
    let asked = world.asked.lock().unwrap();
    let wanted = ["shop-take-payment", "shop-place-order"].map(|name| [name, "7", PROBE].map(str::to_owned));
    assert_eq!(*asked, wanted);
}

#[tokio::test]
async fn a_version_that_fails_its_probe_stops_the_deploy() {
    let wrong: [(Result<Value, &'static str>, &str); 3] = [
        (Err("Runtime exited with error: exit status 1"), "exit status 1"),
        (Ok(json!({"statusCode": 400, "body": ""})), "does not know probes"),
        (Ok(report("ship-order", "now")), "runs the program of ship-order"),
    ];
    for (answer, reason) in wrong {
        let (done, world) = probed(vec![("take-payment", answer)], hook()).await;
        let done = done.unwrap();
        assert!(done["refused"].as_str().is_some_and(|refused| refused.contains(reason)), "{done}");
        assert_eq!(verdicts(&world), [("d-1".to_owned(), "h-1".to_owned(), false)]);
    }
}

#[tokio::test]
async fn a_rollback_goes_on_with_a_version_of_an_earlier_deploy() {
    let (done, world) = probed(vec![("take-payment", Ok(report("take-payment", "before")))], hook()).await;
    assert_eq!(done.unwrap()["accepted"][0]["deploy"], "before");
    assert_eq!(verdicts(&world), [("d-1".to_owned(), "h-1".to_owned(), true)]);
}

#[tokio::test]
async fn a_deploy_without_a_version_or_that_cannot_be_read_is_stopped() {
    let (_, world) = probed(vec![], hook()).await;
    assert_eq!(verdicts(&world), [("d-1".to_owned(), "h-1".to_owned(), false)]);
    let unknown = json!({"DeploymentId": "d-2", "LifecycleEventHookExecutionId": "h-2"});
    let (done, world) = probed(vec![], unknown).await;
    assert_eq!(done.unwrap(), json!({"refused": "no deploy d-2"}));
    assert_eq!(verdicts(&world), [("d-2".to_owned(), "h-2".to_owned(), false)]);
}

#[tokio::test]
async fn an_operator_probes_what_callers_reach_and_concludes_nothing() {
    let answers = vec![("take-payment", Ok(report("take-payment", "now")))];
    let (done, world) = probed(answers, json!({"function": "take-payment"})).await;
    assert_eq!(done.unwrap(), report("take-payment", "now"));
    assert_eq!(world.asked.lock().unwrap()[0], ["shop-take-payment", "live", PROBE].map(str::to_owned));
    assert_eq!(verdicts(&world), []);
    let (refused, _) = probed(vec![], json!({})).await;
    assert!(refused.unwrap_err().reason().contains("nothing is asked"));
}
