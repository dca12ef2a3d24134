//! How a stage's steps hang together: who sends to whom by which port, and under which lane names.
//!
//! Where the same lane reaches a step by two edges (a diamond, or `out` and `rejected` of one step), each edge gives it a name
//! of its own, because a sink's ledger knows a batch by lane and number. The names follow from the document
//! alone, so they are the same in every attempt.

use data::{Error, Lane, Result};
use model::{ErrorCode, StepId};
use std::collections::{BTreeMap, HashMap};

/// How many lanes may reach one step; a chain of diamonds doubles them each time.
const MAX_LANES: usize = 256;

/// What the graph must know of a step.
pub(crate) struct Vertex {
    pub(crate) id: StepId,
    /// The kind's ports; the first is the default.
    pub(crate) ports: Vec<String>,
    /// The steps and ports its batches come from.
    pub(crate) from: Vec<model::document::PortRef>,
    /// Whether batches start here.
    pub(crate) starts_lane: bool,
    /// Whether it takes part; edges to a step that does not are left out.
    pub(crate) takes_part: bool,
}

/// An edge, seen from the step it leaves.
#[derive(Debug, Clone)]
pub(crate) struct OutEdge {
    pub(crate) port: String,
    pub(crate) to: usize,
    /// The lanes that get another name on this edge.
    pub(crate) renames: HashMap<Lane, Lane>,
}

/// The steps' edges and an order in which each stands after those it gets batches from.
pub(crate) struct Graph {
    pub(crate) edges: Vec<Vec<OutEdge>>,
    pub(crate) inbound: Vec<usize>,
    pub(crate) order: Vec<usize>,
    /// Ports an edge leaves by, also where the step it leads to is skipped.
    pub(crate) used_ports: Vec<Vec<String>>,
}

impl Graph {
    /// Joins the steps by their `from`.
    ///
    /// # Errors
    /// Where the steps wait for each other in a circle or name steps of another stage; the checker lets no such pass.
    pub(crate) fn new(vertices: &[Vertex]) -> Result<Self> {
        let places: HashMap<&str, usize> =
            vertices.iter().enumerate().map(|(index, vertex)| (vertex.id.as_str(), index)).collect();
        let count = vertices.len();
        let (mut edges, mut inbound) = (vec![Vec::<OutEdge>::new(); count], vec![0; count]);
        let mut used_ports = vec![Vec::new(); count];
        let mut incoming = vec![Vec::new(); count];
        for (to, vertex) in vertices.iter().enumerate() {
            for reference in &vertex.from {
                let Some(&from) = places.get(reference.step.as_str()) else {
                    let message = format!(
                        "step `{}` gets batches from `{}`, which is not part of its stage",
                        vertex.id, reference.step
                    );
                    return Err(Error::permanent(ErrorCode::Internal, message));
                };
                let port = match &reference.port {
                    Some(port) => port.clone(),
                    None => vertices[from].ports.first().cloned().unwrap_or_else(|| "out".to_owned()),
                };
                if edges[from].iter().any(|edge| edge.to == to && edge.port == port) {
                    continue;
                }
                used_ports[from].push(port.clone());
                if !vertex.takes_part {
                    continue;
                }
                incoming[to].push((from, edges[from].len()));
                edges[from].push(OutEdge { port, to, renames: HashMap::new() });
                inbound[to] += 1;
            }
        }
        let order = sort(&edges, &inbound)?;
        let mut graph = Self { edges, inbound, order, used_ports };
        graph.name_lanes(vertices, &incoming)?;
        Ok(graph)
    }

    /// All steps that batches of `from` reach.
    pub(crate) fn reachable(&self, from: usize) -> Vec<usize> {
        let mut seen = vec![false; self.edges.len()];
        let (mut waiting, mut found) = (vec![from], Vec::new());
        while let Some(step) = waiting.pop() {
            for edge in &self.edges[step] {
                if !std::mem::replace(&mut seen[edge.to], true) {
                    found.push(edge.to);
                    waiting.push(edge.to);
                }
            }
        }
        found
    }

    fn name_lanes(&mut self, vertices: &[Vertex], incoming: &[Vec<(usize, usize)>]) -> Result<()> {
        let mut lanes: Vec<Vec<Lane>> = vec![Vec::new(); vertices.len()];
        for &step in &self.order.clone() {
            if vertices[step].starts_lane {
                lanes[step].push(Lane::new(vertices[step].id.as_str()));
            }
            let mut arrivals: BTreeMap<Lane, usize> = BTreeMap::new();
            for &(from, _) in &incoming[step] {
                for lane in &lanes[from] {
                    *arrivals.entry(lane.clone()).or_default() += 1;
                }
            }
            for &(from, edge) in &incoming[step] {
                for lane in lanes[from].clone() {
                    let edge = &mut self.edges[from][edge];
                    let mut name = lane.clone();
                    if arrivals[&lane] > 1 {
                        name = Lane::new(&format!("{lane}@{}.{}", vertices[from].id, edge.port));
                        edge.renames.insert(lane, name.clone());
                    }
                    lanes[step].push(name);
                }
            }
            if lanes[step].len() > MAX_LANES {
                let message = format!("rows reach step `{}` on more than {MAX_LANES} ways", vertices[step].id);
                return Err(Error::permanent(ErrorCode::InvalidValue, message)
                    .hint("Let fewer steps share and join the same rows."));
            }
        }
        Ok(())
    }
}

fn sort(edges: &[Vec<OutEdge>], inbound: &[usize]) -> Result<Vec<usize>> {
    let mut left = inbound.to_vec();
    let mut ready: Vec<usize> = (0..edges.len()).filter(|&step| left[step] == 0).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(step) = ready.pop() {
        order.push(step);
        for edge in &edges[step] {
            left[edge.to] -= 1;
            if left[edge.to] == 0 {
                ready.push(edge.to);
            }
        }
    }
    if order.len() < edges.len() {
        return Err(Error::permanent(ErrorCode::Cycle, "the steps of the stage wait for each other in a circle"));
    }
    Ok(order)
}
