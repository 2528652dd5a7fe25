"""Addresses of the lending market, below /v1/."""

from django.urls import path

from dualis.lending import (
    analytics_api,
    api,
    exposure_api,
    history_api,
    liquidation_api,
    pools_api,
    positions_api,
    protection_api,
    resale_api,
)

urlpatterns = [
    path("pools", pools_api.Pools.as_view()),
    path("pools/<str:pool_id>", pools_api.PoolDetail.as_view()),
    path("pools/<str:pool_id>/rate-curve", pools_api.RateCurve.as_view()),
    path("pools/<str:pool_id>/history", history_api.PoolHistory.as_view()),
    path("pools/<str:pool_id>/supply", api.Supply.as_view()),
    path("pools/<str:pool_id>/deposit", api.Supply.as_view()),
    path("pools/<str:pool_id>/withdraw", api.Withdraw.as_view()),
    path("analytics/history", history_api.MarketHistory.as_view()),
    path("analytics/overview", analytics_api.Overview.as_view()),
    path("analytics/pools", analytics_api.Pools.as_view()),
    path("analytics/protocol/tvl", analytics_api.Tvl.as_view()),
    path("analytics/protocol/stats", analytics_api.Stats.as_view()),
    path("analytics/risk", exposure_api.Risk.as_view()),
    path("analytics/protocol-health", analytics_api.ProtocolHealth.as_view()),
    path("supply/positions", positions_api.SupplyPositions.as_view()),
    path("supply/positions/<str:wanted_id>", positions_api.SupplyPositionDetail.as_view()),
    path("borrow/positions", positions_api.BorrowPositions.as_view()),
    path("borrow/positions/<str:position_id>", positions_api.BorrowPositionDetail.as_view()),
    path("borrow/request", api.BorrowRequest.as_view()),
    path("borrow/collateral-assets", pools_api.CollateralAssets.as_view()),
    path("borrow/positions/<str:position_id>/borrow", api.Borrow.as_view()),
    path("borrow/positions/<str:position_id>/repay", api.Repay.as_view()),
    path("borrow/positions/<str:position_id>/add-collateral", api.AddCollateral.as_view()),
    path("borrow/positions/<str:position_id>/remove-collateral", api.RemoveCollateral.as_view()),
    path("borrow/positions/<str:position_id>/close", api.Close.as_view()),
    path(
        "borrow/positions/<str:position_id>/protection",
        protection_api.PositionProtections.as_view(),
    ),
    path(
        "borrow/positions/<str:position_id>/protection/<str:rule_id>",
        protection_api.PositionProtection.as_view(),
    ),
    path("borrow/protections", protection_api.Protections.as_view()),
    path("liquidations", liquidation_api.Liquidations.as_view()),
    path("liquidations/resales", resale_api.Resales.as_view()),
    path("liquidations/resales/<str:resale_id>", resale_api.ResaleDetail.as_view()),
    path("liquidations/<str:liquidation_id>", liquidation_api.LiquidationDetail.as_view()),
    path("liquidations/<str:auction_id>/quote", liquidation_api.Quote.as_view()),
    path("liquidations/<str:auction_id>/bid", liquidation_api.PlaceBid.as_view()),
]
