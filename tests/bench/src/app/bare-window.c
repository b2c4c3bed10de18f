// The bare reference of `backscroll-bench app`: GTK, one WebKit view, one page with as many lines of text as a screen of
// the conversation list has, and nothing else. Started with "never" it switches accelerated compositing off, as the app
// does on a machine without a GPU.
#include <string.h>
#include <webkit2/webkit2.h>

int main(int argc, char **argv) {
    gtk_init(&argc, &argv);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_default_size(GTK_WINDOW(window), 1280, 800);
    GtkWidget *view = webkit_web_view_new();
    if (argc > 1 && strcmp(argv[1], "never") == 0) {
        WebKitSettings *settings = webkit_web_view_get_settings(WEBKIT_WEB_VIEW(view));
        webkit_settings_set_hardware_acceleration_policy(settings, WEBKIT_HARDWARE_ACCELERATION_POLICY_NEVER);
    }
    GString *page = g_string_new("<!doctype html><meta charset=utf-8><body style='font:14px sans-serif'>");
    for (int row = 0; row < 12; row++)
        g_string_append_printf(page, "<p><b>Person %d</b> <small>09:%02d</small><br>A line of a message that is about as long as others.", row, row);
    gtk_container_add(GTK_CONTAINER(window), view);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    webkit_web_view_load_html(WEBKIT_WEB_VIEW(view), page->str, NULL);
    gtk_widget_show_all(window);
    gtk_main();
    return 0;
}
