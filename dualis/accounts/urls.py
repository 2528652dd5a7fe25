"""The routes below /v1/auth/."""

from django.urls import path

from dualis.accounts import api, session_api

urlpatterns = [
    path("register/retail", api.RegisterView.as_view()),
    path("login", api.LoginView.as_view()),
    path("refresh", api.RefreshView.as_view()),
    path("logout", api.LogoutView.as_view()),
    path("me", api.MeView.as_view()),
    path("verify-email", api.VerifyEmailView.as_view()),
    path("forgot-password", api.ForgotPasswordView.as_view()),
    path("reset-password", api.ResetPasswordView.as_view()),
    path("change-password", api.ChangePasswordView.as_view()),
    path("sessions", session_api.SessionsView.as_view()),
    path("sessions/<str:session_id>", session_api.SessionView.as_view()),
    path("revoke-all-sessions", session_api.RevokeAllView.as_view()),
    path("token", session_api.PageTokenView.as_view()),
    path("stream-token", session_api.StreamTokenView.as_view()),
    path("stream-tokens", session_api.StreamTokensView.as_view()),
    path("stream-tokens/<str:session_id>", session_api.StreamTokenItemView.as_view()),
]
