"""Shortest paths, components, rank and an order."""

import networkx as nx

from capsule import task


@task
def main() -> None:
    graph = nx.Graph(
        [("a", "b", {"weight": 1}), ("b", "c", {"weight": 1}), ("a", "c", {"weight": 5})]
    )
    assert nx.shortest_path(graph, "a", "c", weight="weight") == ["a", "b", "c"]
    graph.add_edge("x", "y")
    assert nx.number_connected_components(graph) == 2
    assert list(nx.topological_sort(nx.DiGraph([(1, 2), (2, 3)]))) == [1, 2, 3]
    assert round(nx.betweenness_centrality(nx.path_graph(3))[1], 6) == 1
